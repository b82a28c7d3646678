// Buttons and keys of the Compare tab beyond its decks'.

decks.forEach((deck, place) => {
  deck.find(".switch").addEventListener("click", () => goOnIn(1 - place));
  deck.box.addEventListener("focus", () => (active = place));
});
for (const button of element.querySelectorAll(".vote"))
  button.addEventListener("click", () => trigger("prefer", { side: Number(button.dataset.side) }));

/** Keys work anywhere on the tab, except where they already mean something; 1 and 2 go on in that one. */
document.addEventListener("keydown", (event) => {
  if (!element.isConnected || !element.offsetParent || pressGenerate(element, event, picture?.phase === "working"))
    return;
  const place = { 1: 0, 2: 1 }[event.key];
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const action = place !== undefined && plain ? () => place !== active && goOnIn(place) : decks[active].action(event);
  if (!action || isBusy(event)) return;
  event.preventDefault();
  action();
});

takeSeeds(element, (refusal) => trigger("refuse", refusal));
playOnSpace(element, () => decks[active]);
watch("value", update);
update();
