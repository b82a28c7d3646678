// A range of the roll that is worked on or heard again and again: marked by mouse, finger or keys.

const SHORTEST_RANGE_S = 0.5;

class Range {
  /** `box` is drawn over the roll of `deck`; `changed` is called when there is another range, or none. */
  constructor(deck, box, changed) {
    Object.assign(this, { deck, box, changed, from: null, to: null, anchor: null, loops: false, marks: false });
    deck.range = deck.box.range = this;
  }

  get isSet() {
    return this.from !== null;
  }

  /** From one second to another, whichever is earlier; nothing if they are too close. */
  set(one, other) {
    const [from, to] = [Math.min(one, other), Math.max(one, other)];
    if (to - from < SHORTEST_RANGE_S) return this.clear();
    [this.from, this.to] = [from, Math.min(to, this.deck.roll.lengthS)];
    this.draw();
    this.changed();
  }

  /** One of its ends goes to that second; without a range it reaches as far as there is music. */
  move(end, seconds) {
    const { length } = this.deck.player;
    if (end === "from") this.set(seconds, this.isSet && this.to > seconds ? this.to : length);
    else this.set(this.isSet && this.from < seconds ? this.from : 0, seconds);
  }

  clear() {
    [this.from, this.to, this.loops] = [null, null, false];
    this.draw();
    this.changed();
  }

  /** The pointer has been put down, moved, lifted at these seconds of the roll. */
  grasp(seconds) {
    this.anchor = seconds;
  }

  stretch(seconds) {
    if (this.anchor !== null) this.set(this.anchor, seconds);
  }

  drop() {
    this.anchor = null;
  }

  /** While it loops, where playing goes on from at that second; null if just on. */
  turn(seconds) {
    return this.loops && this.isSet && (seconds >= this.to || seconds < this.from - 0.05) ? this.from : null;
  }

  draw() {
    this.box.hidden = !this.isSet;
    if (!this.isSet) return;
    const { roll } = this.deck;
    const [left, right] = [Math.max(KEYS_PX, roll.x(this.from)), roll.x(this.to)];
    this.box.style.transform = `translateX(${left.toFixed(1)}px)`;
    this.box.style.width = `${Math.max(0, right - left).toFixed(1)}px`;
  }
}
