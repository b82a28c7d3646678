// Pointer and keyboard on the stage.

function startPlaying() {
  // A long piece squeezed into the width cannot be followed by eye: come closer while it plays.
  const perSecond = (roll.width - KEYS_PX) / roll.view.span;
  if (!player.playing && roll.fitted && perSecond < 9) {
    roll.fitted = false;
    roll.aim(player.time - 8, (roll.width - KEYS_PX) / 22);
  }
  player.toggle();
}

find(".play").addEventListener("click", startPlaying);
find(".stop").addEventListener("click", () => {
  player.stop();
  roll.fit();
});
find(".join").addEventListener("click", () => {
  player.seek(Math.max(0, picture.join_s - 1));
  if (!player.playing) startPlaying();
});
find(".zoom-in").addEventListener("click", () => roll.zoom(1.6));
find(".zoom-out").addEventListener("click", () => roll.zoom(1 / 1.6));
find(".zoom-fit").addEventListener("click", () => roll.fit());
find(".again").addEventListener("click", () => trigger("again", { take: chosen }));
find(".roll-problem-close").addEventListener("click", () => {
  dismissed = picture.serial;
  find(".roll-problem").hidden = true;
});

const volume = find(".volume input");
const setVolume = () => {
  player.audio.volume = volume.value ** 2; // ears are not linear
  find(".volume").classList.toggle("muted", volume.value === "0");
  volume.style.setProperty("--share", `${volume.value * 100}%`);
};
volume.addEventListener("input", setVolume);
setVolume();

// Click or drag on the roll: seek. Wheel with Ctrl: zoom; sideways, or with Shift: pan.
let dragging = false;
const seekTo = (event) => player.url && player.seek(roll.timeAt(event.clientX));
box.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.target.closest(".roll-problem")) return;
  dragging = event.pointerType === "mouse";
  if (dragging) seekTo(event);
});
box.addEventListener("click", (event) => !event.target.closest(".roll-problem") && seekTo(event));
window.addEventListener("pointermove", (event) => dragging && seekTo(event));
window.addEventListener("pointerup", () => (dragging = false));
box.addEventListener(
  "wheel",
  (event) => {
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey) roll.zoom(Math.exp(-event.deltaY / 300), roll.timeAt(event.clientX));
    else if (sideways && !roll.fitted) roll.pan((sideways / roll.width) * roll.view.span);
    else return;
    event.preventDefault();
  },
  { passive: false },
);

// Under the pointer: which note, when, how loud.
const tip = find(".roll-tip");
box.addEventListener("pointermove", (event) => {
  const { left, top } = box.getBoundingClientRect();
  const time = roll.timeAt(event.clientX);
  const row = roll.layers
    .flat()
    .find((each) => each[2] <= time && each[3] > time && event.clientY - top >= roll.y(each[0] + 1) && event.clientY - top < roll.y(each[0]));
  tip.hidden = !row || event.clientX - left < KEYS_PX;
  if (!row) return;
  tip.textContent = `${noteName(row[0])} · ${clock(row[2])} · velocity ${row[1]}`;
  tip.style.left = `${Math.min(event.clientX - left + 12, roll.width - 170)}px`;
  tip.style.top = `${Math.max(4, event.clientY - top - 34)}px`;
});
box.addEventListener("pointerleave", () => (tip.hidden = true));

const KEYS = {
  " ": startPlaying,
  ArrowLeft: (event) => player.seek(player.time - (event.shiftKey ? 5 : 1)),
  ArrowRight: (event) => player.seek(player.time + (event.shiftKey ? 5 : 1)),
  Home: () => player.seek(0),
  End: () => player.seek(player.length),
  "+": () => roll.zoom(1.6),
  "=": () => roll.zoom(1.6),
  "-": () => roll.zoom(1 / 1.6),
  0: () => roll.fit(),
  1: () => choose(0),
  2: () => choose(1),
  3: () => choose(2),
  4: () => choose(3),
};

/** Keys work anywhere on the tab, except where they already mean something. */
document.addEventListener("keydown", (event) => {
  if (!element.isConnected || !element.offsetParent) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return document.querySelector("#generate")?.click();
  if (event.key === "Escape" && picture?.phase === "working") return document.querySelector("#stop-generating")?.click();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const busy = event.target.closest?.("input, textarea, select, button, a, summary, [role=tab], [role=listbox], [contenteditable]");
  const action = KEYS[event.key];
  if (!action || busy) return;
  event.preventDefault();
  if (player.url || !/^( |Arrow|Home|End)/.test(event.key)) action(event);
});

// A MIDI file dropped on the stage goes the way of the upload button; a file over the limit or
// of another kind never travels: Gradio would refuse it without saying what to do.
const LIMIT_BYTES = 2 * 1024 * 1024;
const uploadInput = () => document.querySelector("#seed-panel input[type=file]");
element.addEventListener("dragover", (event) => {
  event.preventDefault();
  box.classList.add("dropping");
});
element.addEventListener("dragleave", () => box.classList.remove("dropping"));
element.addEventListener("drop", (event) => {
  event.preventDefault();
  box.classList.remove("dropping");
  const input = uploadInput();
  if (!input || !event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener(
  "change",
  (event) => {
    const file = event.target === uploadInput() && event.target.files?.[0];
    if (!file || (file.size <= LIMIT_BYTES && /\.midi?$/i.test(file.name))) return;
    event.stopImmediatePropagation();
    event.target.value = "";
    trigger("refuse", { name: file.name, bytes: file.size });
  },
  true,
);

watch("value", update);
update();
