// Buttons and keys of the stage beyond its deck's.

const NOT_NOW = "A take is being written. Stop it first, then play a seed.";

find(".again").addEventListener("click", () => {
  trigger("again", { take: chosen });
  deck.announce(`The settings of ${take().label} are back.`);
});

find(".restore").addEventListener("click", () => trigger("restore"));

/** The button of the seed panel. */
document.addEventListener("click", ({ target }) => {
  if (!element.isConnected || !target.closest?.("#play-seed")) return;
  if (recorder.isOpen) recorder.close();
  else if (picture?.phase !== "working") {
    recorder.open();
    showWords();
  } else deck.announce(NOT_NOW);
});

/** Keys work anywhere on the tab, except where they already mean something. */
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && recorder.hears) return recorder.close();
  if (!element.isConnected || !element.offsetParent || pressGenerate(element, event, picture?.phase === "working"))
    return;
  const working = workAction(event);
  if (working && !isBusy(event)) {
    event.preventDefault();
    return working();
  }
  const index = Number(event.key) - 1; // 1 is the first take
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const action = plain && picture?.takes[index] ? () => choose(index) : deck.action(event);
  if (!action || isBusy(event)) return;
  event.preventDefault();
  action();
});

takeSeeds(element, (refusal) => trigger("refuse", refusal));
playOnSpace(element, () => deck);
watch("value", update);
update();
