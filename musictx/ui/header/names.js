// What Gradio leaves unsaid: names of groups, whether a part is open, the language of the foot, and that the line which
// says who is before one is to be read.

function nameParts() {
  for (const group of document.querySelectorAll("fieldset.block:not([aria-labelledby])")) {
    const words = group.querySelector("[data-testid=block-info]");
    if (!words) continue;
    words.id ||= `name-${group.id}`;
    group.setAttribute("aria-labelledby", words.id);
  }
  document.querySelector("footer")?.setAttribute("lang", theirs);
  for (const line of document.querySelectorAll(".hint.block:not([role])")) line.setAttribute("role", "status");
  for (const opener of document.querySelectorAll(".gr-accordion > button"))
    opener.setAttribute("aria-expanded", String(Boolean(opener.nextElementSibling?.checkVisibility())));
}

new MutationObserver(nameParts).observe(document.body, { subtree: true, childList: true });
document.addEventListener("click", () => setTimeout(nameParts));
nameParts();
