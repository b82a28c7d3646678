// Pointer and keyboard on a deck.

/** What a slider of loudness does to some decks. */
function wireVolume(label, decks) {
  const slider = label.querySelector("input");
  const set = () => {
    for (const deck of decks) deck.player.audio.volume = slider.value ** 2; // ears are not linear
    label.classList.toggle("muted", slider.value === "0");
    slider.style.setProperty("--share", `${slider.value * 100}%`);
  };
  slider.addEventListener("input", set);
  set();
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
    this.listenToSeeking();
    this.listenToWheel();
    this.listenToHovering();
  },

  /** Click or drag on the roll: seek; not on what lies over it. */
  listenToSeeking() {
    let dragging = false;
    const isRoll = (event) => !event.target.closest(".roll-problem, .roll-work");
    const seek = (event) => this.player.can && this.player.seek(this.roll.timeAt(event.clientX));
    this.box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !isRoll(event)) return;
      dragging = event.pointerType === "mouse";
      if (dragging) seek(event);
    });
    this.box.addEventListener("click", (event) => isRoll(event) && seek(event));
    window.addEventListener("pointermove", (event) => dragging && seek(event));
    window.addEventListener("pointerup", () => (dragging = false));
  },

  /** Wheel with Ctrl: zoom; sideways, or with Shift: pan. */
  listenToWheel() {
    const turned = (event) => {
      const { roll } = this;
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) roll.zoom(Math.exp(-event.deltaY / 300), roll.timeAt(event.clientX));
      else if (sideways && !roll.fitted) roll.pan((sideways / roll.width) * roll.view.span);
      else return;
      event.preventDefault();
    };
    this.box.addEventListener("wheel", turned, { passive: false });
  },

  /** Under the pointer: which note, when, how loud. */
  listenToHovering() {
    const [tip, roll] = [this.find(".roll-tip"), this.roll];
    this.box.addEventListener("pointermove", (event) => {
      const { left, top } = this.box.getBoundingClientRect();
      const [time, y] = [roll.timeAt(event.clientX), event.clientY - top];
      const isUnder = (each) => each[2] <= time && each[3] > time && y >= roll.y(each[0] + 1) && y < roll.y(each[0]);
      const row = roll.layers.flat().find(isUnder);
      tip.hidden = !row || event.clientX - left < KEYS_PX;
      if (!row) return;
      tip.textContent = `${noteName(row[0])} · ${clock(row[2])} · velocity ${row[1]}`;
      tip.style.left = `${Math.min(event.clientX - left + 12, roll.width - 170)}px`;
      tip.style.top = `${Math.max(4, y - 34)}px`;
    });
    this.box.addEventListener("pointerleave", () => (tip.hidden = true));
  },

  /** What a key means here, as a function; nothing for other keys, or where there is nothing to play. */
  action(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    const [player, roll, far] = [this.player, this.roll, event.shiftKey ? 5 : 1];
    const playing = {
      " ": () => this.toggle(),
      ArrowLeft: () => player.seek(player.time - far),
      ArrowRight: () => player.seek(player.time + far),
      Home: () => player.seek(0),
      End: () => player.seek(player.length),
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

/** Whether a key already means something else where it was pressed: of a button that is only the space bar. */
function isBusy({ target, key }) {
  if (target.closest?.("input, textarea, select, [role=tab], [role=listbox], [contenteditable]")) return true;
  return key === " " && Boolean(target.closest?.("button, a, summary"));
}
