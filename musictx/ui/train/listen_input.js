// Buttons and keys of the Train tab's player beyond its deck's.

find(".cancel").addEventListener("click", () => trigger("cancel"));
for (const name of ["a", "b"])
  find(`.guess-${name}`).addEventListener("click", () => trigger("guess", { duel_id: shown.duel_id, guess: name }));

box.addEventListener("keydown", (event) => {
  const action = event.target === box && deck.action(event);
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action();
});

// A press on a piece, a sample or a comparison: it plays as soon as it can, and comes into sight.
document.addEventListener("musictx-wanted", (event) => {
  if (!element.isConnected) return;
  player.pause();
  wanted = event.detail === "duel" ? "" : event.detail; // two pieces: the visitor begins
  deck.bringIntoSight(element, "nearest");
});

playOnSpace(element, () => deck);
watch("value", update);
update();
