// The seed panel and the buttons of the tab that a component stands in.

const LIMIT_BYTES = 2 * 1024 * 1024;
const onTab = (name) => (element.closest(".tabitem") ?? document).querySelector(name);
const uploadInput = () => onTab(".seed-panel input[type=file]");

/** Ctrl + Enter generates, Esc stops; whether the key was one of these. */
function pressGenerate(event, working) {
  const generates = event.key === "Enter" && (event.ctrlKey || event.metaKey);
  if (generates) onTab(".generate")?.click();
  else if (event.key === "Escape" && working) onTab(".stop-generating")?.click();
  else return false;
  return true;
}

// A MIDI file dropped on the component goes the way of the upload button; a file over the limit or
// of another kind never travels: Gradio would refuse it without saying what to do.
const showDrop = (over) => element.querySelectorAll(".roll").forEach((roll) => roll.classList.toggle("dropping", over));
element.addEventListener("dragover", (event) => {
  event.preventDefault();
  showDrop(true);
});
element.addEventListener("dragleave", () => showDrop(false));
element.addEventListener("drop", (event) => {
  event.preventDefault();
  showDrop(false);
  const input = uploadInput();
  if (!input || !event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener(
  "change",
  (event) => {
    const file = event.target === uploadInput() && event.target.files?.[0];
    if (!file || (file.size <= LIMIT_BYTES && /\.(midi?|kar|rmi|smf)$/i.test(file.name))) return;
    event.stopImmediatePropagation();
    event.target.value = "";
    trigger("refuse", { name: file.name, bytes: file.size });
  },
  true,
);
