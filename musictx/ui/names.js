// What Gradio leaves unnamed: groups of choices, whether a part is open, and the line that says who is before one.

function nameParts() {
  for (const group of document.querySelectorAll("fieldset.block:not([aria-labelledby])")) {
    const words = group.querySelector("[data-testid=block-info]");
    if (!words) continue;
    words.id ||= `name-${group.id}`;
    group.setAttribute("aria-labelledby", words.id);
  }
  for (const line of document.querySelectorAll(".hint.block:not([role])")) line.setAttribute("role", "status");
  for (const opener of document.querySelectorAll(".gr-accordion > button"))
    opener.setAttribute("aria-expanded", String(Boolean(opener.nextElementSibling?.checkVisibility())));
}

new MutationObserver(nameParts).observe(document.body, { subtree: true, childList: true });
document.addEventListener("click", () => setTimeout(nameParts));
nameParts();
