// Buttons and keys of a deck; what the mouse and fingers do on the roll is in deck_pointer.js.

const MUTE_KEY = "musictx-muted";

/** A slider of loudness for some decks, and the button that mutes the whole page, which the browser keeps. */
function wireVolume(box, decks) {
  const [slider, mute] = [box.querySelector("input"), box.querySelector(".mute")];
  const set = () => {
    const level = isMuted() ? 0 : slider.value ** 2; // ears are not linear
    for (const deck of decks) deck.player.setLevel(level);
    box.classList.toggle("muted", level === 0);
    mute.setAttribute("aria-pressed", String(isMuted()));
    slider.style.setProperty("--share", `${slider.value * 100}%`);
  };
  slider.addEventListener("input", () => (isMuted() ? setMuted(false) : set()));
  mute.addEventListener("click", () => setMuted(!isMuted()));
  document.addEventListener(MUTE_KEY, set);
  set();
}

function isMuted() {
  try {
    return localStorage.getItem(MUTE_KEY) === "yes";
  } catch {
    return false;
  }
}

function setMuted(muted) {
  try {
    localStorage.setItem(MUTE_KEY, muted ? "yes" : "no");
  } catch {} // a browser that keeps nothing has its own volume
  document.dispatchEvent(new Event(MUTE_KEY));
}

Object.assign(Deck.prototype, {
  listen() {
    const buttons = {
      ".play": () => this.toggle(),
      ".stop": () => this.stop(),
      ".join": () => this.playJoin(),
      ".zoom-in": () => this.roll.zoom(1.6),
      ".zoom-out": () => this.roll.zoom(1 / 1.6),
      ".zoom-fit": () => this.roll.fit(),
      ".roll-problem-close": () => this.dismiss(),
    };
    for (const [name, action] of Object.entries(buttons)) this.find(name)?.addEventListener("click", action);
    this.listenToPointers();
    this.listenToWheel();
    this.listenToHovering();
  },

  /** What a key means here, as a function; nothing for other keys, or where there is nothing to play. */
  action(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    const [player, roll, far] = [this.player, this.roll, event.shiftKey ? 5 : 1];
    const go = (seconds) => {
      roll.release();
      this.seek(seconds);
    };
    const playing = {
      ArrowLeft: () => go(player.time - far),
      ArrowRight: () => go(player.time + far),
      Home: () => go(0),
      End: () => go(player.length),
    };
    const looking = {
      "+": () => roll.zoom(1.6),
      "=": () => roll.zoom(1.6),
      "-": () => roll.zoom(1 / 1.6),
      0: () => roll.fit(),
    };
    return (player.can ? playing[event.key] : null) ?? looking[event.key] ?? null;
  },
});

/** Whether a key already means something else where it was pressed. */
function isBusy({ target }) {
  return Boolean(target.closest?.("input, textarea, select, [role=tab], [role=listbox], [contenteditable]"));
}

/** The space bar, wherever it was pressed (see sound.js): `front` gives the deck that it plays while `part` is shown. */
function playOnSpace(part, front) {
  document.addEventListener("musictx-play", (event) => {
    if (!part.isConnected || !part.offsetParent || event.defaultPrevented || !front().player.can) return;
    event.preventDefault();
    front().toggle();
  });
}

const BEGIN_KEY = "musictx-begin";

/** Whether play begins where the seed ends: one setting of the whole page, which the browser keeps. */
function wireBegin(label, decks) {
  const box = label.querySelector("input");
  const read = () => {
    try {
      box.checked = localStorage.getItem(BEGIN_KEY) === "join";
    } catch {} // a browser that keeps nothing: it holds until the page is left
  };
  for (const deck of decks) deck.begin = box;
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(BEGIN_KEY, box.checked ? "join" : "start");
    } catch {}
    document.dispatchEvent(new CustomEvent("musictx-begin"));
  });
  document.addEventListener("musictx-begin", read);
  read();
}
