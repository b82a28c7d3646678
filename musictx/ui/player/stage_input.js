// Buttons and keys of the stage beyond its deck's.

find(".again").addEventListener("click", () => {
  trigger("again", { take: chosen });
  deck.announce(`The settings of ${take().label} are back.`);
});

/** Keys work anywhere on the tab, except where they already mean something. */
document.addEventListener("keydown", (event) => {
  if (!element.isConnected || !element.offsetParent || pressGenerate(event, picture?.phase === "working")) return;
  const take = { 1: 0, 2: 1, 3: 2, 4: 3 }[event.key];
  const action =
    take !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey ? () => choose(take) : deck.action(event);
  if (!action || isBusy(event)) return;
  event.preventDefault();
  action();
});

playOnSpace(() => deck);
watch("value", update);
update();
