// Dark or light: the visitor's choice is remembered, else the system's holds.

const KEY = "musictx-theme";
const asked = new URLSearchParams(window.location.search).get("__theme");
const apply = (dark) => document.body.classList.toggle("dark", dark);

const remembered = asked ? null : localStorage.getItem(KEY);
if (remembered) apply(remembered === "dark");
element.querySelector(".theme-switch").addEventListener("click", () => {
  const dark = !document.body.classList.contains("dark");
  apply(dark);
  localStorage.setItem(KEY, dark ? "dark" : "light");
});

// Gradio calls the whole page's language that of the browser, in which only its own few words at the foot are.
const html = document.documentElement;
let theirs = "en"; // for the foot, see names.js
const speakEnglish = () => {
  if (html.lang === "en") return;
  theirs = html.lang;
  html.lang = "en";
  nameParts();
};
new MutationObserver(speakEnglish).observe(html, { attributeFilter: ["lang"] });
speakEnglish();
