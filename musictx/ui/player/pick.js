// One note of the roll, picked to be moved or taken away. Nothing changes before it is put down.

const NUDGE_S = 0.02; // of an arrow key; with Shift five times that
const HEARD_S = 0.4; // of a note that is moved

class Pick {
  /** `box` is drawn around the note on the roll of `deck`; `changed` is called when another is picked, or it moves. */
  constructor(deck, box, changed) {
    Object.assign(this, { deck, box, changed, row: null, moved: null });
  }

  get isSet() {
    return this.row !== null;
  }

  get hasMoved() {
    return this.isSet && (this.moved[0] !== this.row[0] || this.moved[2] !== this.row[2]);
  }

  /** A row of the roll, or none. */
  set(row) {
    this.row = row ?? null;
    this.moved = row ? [...row] : null;
    this.draw();
    this.changed();
    if (!row) return;
    this.deck.box.focus({ preventScroll: true }); // arrows and Enter are for the note now
    this.sound();
  }

  /** The note under a point of the window, if there is one. */
  under(clientX, clientY) {
    const { roll, box } = this.deck;
    const [time, y] = [roll.timeAt(clientX), clientY - box.getBoundingClientRect().top];
    return roll.layers
      .flat()
      .find((row) => row[2] <= time && row[3] > time && y >= roll.y(row[0] + 1) && y < roll.y(row[0]));
  }

  /** The first note that begins after the one that is picked, or after `seconds`; with `back` the last one before. */
  next(seconds, back) {
    const rows = this.deck.roll.layers.flat().toSorted((one, other) => one[2] - other[2] || one[0] - other[0]);
    const at = this.isSet
      ? rows.findIndex((row) => row === this.row || (row[0] === this.row[0] && row[2] === this.row[2]))
      : -1;
    if (at >= 0) return this.set(rows[clamp(at + (back ? -1 : 1), 0, rows.length - 1)]);
    this.set(back ? rows.findLast((row) => row[2] < seconds) : rows.find((row) => row[2] >= seconds - 0.001));
  }

  /** By semitones and seconds; it stays on the keyboard and in the piece. */
  move(semitones, seconds) {
    const [pitch, velocity, start, end] = this.moved;
    const to = Math.max(0, Math.round((start + seconds) * 1000) / 1000);
    this.moved = [clamp(pitch + semitones, 21, 108), velocity, to, to + (end - start)];
    this.draw();
    this.changed();
    if (semitones) this.sound();
  }

  sound() {
    if (!sampler.ready || isMuted() || this.deck.player.playing) return;
    sampler.wake();
    sampler.strike(this.moved[0], this.moved[1], sampler.now, sampler.channel()).release(sampler.now + HEARD_S);
  }

  draw() {
    this.box.hidden = !this.isSet;
    if (!this.isSet) return;
    const { roll } = this.deck;
    const [pitch, , start, end] = this.moved;
    const [left, top] = [roll.x(start), roll.y(pitch + 1)];
    this.box.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`;
    this.box.style.width = `${Math.max(6, roll.x(end) - left).toFixed(1)}px`;
    this.box.style.height = `${Math.max(5, roll.y(pitch) - top).toFixed(1)}px`;
  }
}
