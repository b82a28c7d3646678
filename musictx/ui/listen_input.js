// Pointer and keyboard on the Train tab's player; one sound at a time on the whole page.

find(".play").addEventListener("click", () => player.toggle());
find(".join").addEventListener("click", () => {
  player.seek(Math.max(0, piece().join_s - 1));
  if (!player.playing) player.play();
});
find(".cancel").addEventListener("click", () => trigger("cancel"));
for (const name of ["a", "b"])
  find(`.guess-${name}`).addEventListener("click", () => trigger("guess", { duel_id: shown.duel_id, guess: name }));

box.addEventListener("click", (event) => {
  if (!event.target.closest(".roll-work, .roll-problem") && player.url) player.seek(roll.timeAt(event.clientX));
});

const KEYS = {
  " ": () => player.toggle(),
  ArrowLeft: (event) => player.seek(player.time - (event.shiftKey ? 5 : 1)),
  ArrowRight: (event) => player.seek(player.time + (event.shiftKey ? 5 : 1)),
  Home: () => player.seek(0),
  End: () => player.seek(player.length),
};
box.addEventListener("keydown", (event) => {
  const action = KEYS[event.key];
  if (!action || !player.url || event.ctrlKey || event.metaKey || event.altKey || event.target !== box) return;
  event.preventDefault();
  event.stopPropagation();
  action(event);
});

// Whatever begins to sound silences the rest; another tab of the page is not heard on from behind.
document.addEventListener(
  "play",
  (event) => {
    for (const audio of document.querySelectorAll("audio")) if (audio !== event.target) audio.pause();
  },
  true,
);

// A press on a piece, a sample or a comparison: it plays as soon as it can, and comes into sight.
document.addEventListener("musictx-wanted", (event) => {
  if (!element.isConnected) return;
  player.pause();
  wanted = event.detail === "duel" ? "" : event.detail; // two pieces: the visitor begins
  const { top, bottom } = box.getBoundingClientRect();
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (top < 0 || bottom > window.innerHeight) element.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "nearest" });
});

watch("value", update);
update();
