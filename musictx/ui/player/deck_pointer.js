// Mouse, pen, fingers and wheel on a deck's roll.

const TAP_PX = 8; // a finger that moved less meant one place

Object.assign(Deck.prototype, {
  /** With Shift, or while parts are marked, dragging marks one. A mouse seeks and scrubs. A finger or a pen: tap seeks; dragging moves a closer view, else it scrubs; two fingers zoom. */
  listenToPointers() {
    const { box, roll } = this;
    const fingers = new Map(); // pointer id -> where it is
    let grip = null; // where fingers and view were when the number of fingers last changed
    let moved = false;
    const seek = (x) => this.player.can && this.seek(roll.timeAt(x));
    const grasp = () =>
      (grip = fingers.size ? { ...spread(fingers), from: roll.goal.from, span: roll.goal.span } : null);
    box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      if (!fingers.size) moved = false;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      grasp();
      if (this.range && (this.range.marks || event.shiftKey) && fingers.size === 1)
        this.range.grasp(roll.timeAt(event.clientX));
      else if (event.pointerType === "mouse") seek(event.clientX);
    });
    window.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (this.range?.anchor != null && fingers.size === 1) {
        moved ||= Math.abs(event.clientX - grip.x) > TAP_PX;
        return moved && this.range.stretch(roll.timeAt(event.clientX));
      }
      if (event.pointerType === "mouse") return seek(event.clientX);
      const now = spread(fingers);
      moved ||= Math.hypot(now.x - grip.x, now.apart - grip.apart) > TAP_PX;
      if (!moved) return;
      if (fingers.size === 1 && roll.fitted) seek(event.clientX);
      else roll.drag(grip, now);
    });
    const leave = (event) => {
      this.range?.drop();
      if (fingers.delete(event.pointerId)) grasp();
    };
    window.addEventListener("pointerup", leave);
    window.addEventListener("pointercancel", leave); // the page scrolls instead
    box.addEventListener("click", (event) => moved || seek(event.clientX));
    // Two fingers are ours: without this the browser would scroll with them.
    const claim = (event) => event.touches.length > 1 && event.cancelable && event.preventDefault();
    for (const name of ["touchstart", "touchmove"]) box.addEventListener(name, claim, { passive: false });
  },

  /** Wheel with Ctrl: zoom; sideways, or with Shift: pan. */
  listenToWheel() {
    const turned = (event) => {
      const { roll } = this;
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.ctrlKey || event.metaKey) roll.zoom(Math.exp(-event.deltaY / 300), roll.timeAt(event.clientX));
      else if (sideways && !roll.fitted) roll.pan((sideways / roll.width) * roll.view.span);
      else return;
      event.preventDefault();
    };
    this.box.addEventListener("wheel", turned, { passive: false });
  },

  /** Under the mouse: which note, when, how loud. */
  listenToHovering() {
    const [tip, roll] = [this.find(".roll-tip"), this.roll];
    this.box.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") return; // a finger covers it
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
});

/** The middle of some fingers, and how far apart the first and the last are. */
function spread(fingers) {
  const all = [...fingers.values()];
  const [first, last] = [all[0], all.at(-1)];
  return { x: (first.x + last.x) / 2, apart: Math.hypot(first.x - last.x, first.y - last.y), count: all.length };
}
