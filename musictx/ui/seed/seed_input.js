// The seed panel and the buttons of the tab that a component stands in.

const onTab = (part, name) => (part.closest(".tabitem") ?? document).querySelector(name);

/** Ctrl + Enter generates, Esc stops, on the tab of `part`; whether the key was one of these. */
function pressGenerate(part, event, working) {
  const generates = event.key === "Enter" && (event.ctrlKey || event.metaKey);
  if (generates) onTab(part, ".generate")?.click();
  else if (event.key === "Escape" && working) onTab(part, ".stop-generating")?.click();
  else return false;
  return true;
}

/** A file made in the browser goes the way of the upload button of the tab of `part`. */
function bringSeed(part, file) {
  const input = onTab(part, ".seed-panel input[type=file]");
  const carried = new DataTransfer();
  carried.items.add(file);
  send(input, carried);
}

/** A MIDI file dropped on `part` goes the way of its tab's upload button; `refuse` is called for one that cannot. */
function takeSeeds(part, refuse) {
  guardUploads(part, {
    findInput: () => onTab(part, ".seed-panel input[type=file]"),
    limits: () => LIMITS.seed,
    mark: (over) => {
      for (const roll of part.querySelectorAll(".roll")) roll.classList.toggle("dropping", over);
    },
    refuse,
  });
}
