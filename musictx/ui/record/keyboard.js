// A piano on the screen: keys for mouse, pen and several fingers; lower on a key is louder. It tells a `target` as
// inputs.js does.

const SOFTEST = 40; // at a key's upper end
const LOUDEST = 112; // at its lower end
const WHITE_PX = 34; // a finger's width
const IS_BLACK = [false, true, false, true, false, false, true, false, true, false, true, false];

class ScreenKeyboard {
  /** `box` is filled with keys, as many as fit, around `middle`. */
  constructor(box, target, middle = 60) {
    Object.assign(this, { box, target, middle, pointers: new Map(), keys: new Map() });
    new ResizeObserver(() => this.fill()).observe(box);
    box.addEventListener("pointerdown", (event) => this.touch(event));
    box.addEventListener("pointermove", (event) => this.pointers.has(event.pointerId) && this.touch(event));
    for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, (event) => this.leave(event));
    box.addEventListener("contextmenu", (event) => event.preventDefault()); // of a finger that stays down
    this.fill();
  }

  /** Whole octaves, as many as the width takes. */
  fill() {
    const { width } = this.box.getBoundingClientRect();
    if (!width) return;
    const octaves = clamp(Math.floor(width / (7 * WHITE_PX)), 1, 7);
    const low = clamp(this.middle - 12 * Math.floor(octaves / 2), 12, 108 - 12 * octaves + 12);
    if (low === this.low && octaves === this.octaves) return;
    Object.assign(this, { low, octaves });
    this.keys.clear();
    const whites = octaves * 7 + 1;
    let white = 0;
    const made = [];
    for (let pitch = low; pitch <= low + 12 * octaves; pitch++) {
      const black = IS_BLACK[pitch % 12];
      const key = make("span", black ? "key black" : "key");
      key.dataset.pitch = pitch;
      key.style.left = `${((black ? white - 0.32 : white) / whites) * 100}%`;
      key.style.width = `${((black ? 0.64 : 1) / whites) * 100}%`;
      if (pitch % 12 === 0) key.append(make("i", "", noteName(pitch)));
      if (!black) white++;
      this.keys.set(pitch, key);
      made.push(key);
    }
    this.box.replaceChildren(...made);
  }

  /** Moves it so that `middle` is in sight. */
  show(middle) {
    this.middle = middle;
    this.fill();
  }

  touch(event) {
    if (event.type === "pointerdown") {
      if (event.button !== 0) return;
      event.preventDefault();
      this.box.setPointerCapture(event.pointerId);
    }
    const key = document.elementFromPoint(event.clientX, event.clientY)?.closest?.("[data-pitch]");
    const pitch = key && this.box.contains(key) ? Number(key.dataset.pitch) : null;
    const before = this.pointers.get(event.pointerId);
    if (pitch === before) return;
    if (before !== undefined && before !== null) this.target.release(before, event.timeStamp);
    this.pointers.set(event.pointerId, pitch);
    if (pitch === null) return;
    const { top, height } = key.getBoundingClientRect();
    const share = clamp((event.clientY - top) / height, 0, 1);
    this.target.press(pitch, Math.round(SOFTEST + (LOUDEST - SOFTEST) * share), event.timeStamp);
  }

  leave(event) {
    const pitch = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (pitch !== undefined && pitch !== null) this.target.release(pitch, event.timeStamp);
  }

  /** Shows whether a key is down, whoever presses it. */
  light(pitch, down) {
    this.keys.get(pitch)?.classList.toggle("down", down);
  }
}
