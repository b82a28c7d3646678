// Notes played on the sampler, also while they are still being written: what is due soon is handed to the audio clock
// many times a second, so that what else the page does is not heard.

const TICK_MS = 25;
const AHEAD_S = 0.12; // of the music that is handed over at each tick
const AHEAD_HIDDEN_S = 1.6; // browsers wake a page that is not seen once a second
const BEGIN_S = 0.02; // from the press to the first note
const LEAD_S = 0.8; // music that must be there before it goes on, once it had to wait for more
const HELD_S = 0.002; // a note that ends where the music ends so far is still held

class LiveNotes {
  /** `onState` is called when it begins, ends or has to wait. */
  constructor(sampler, onState) {
    this.sampler = sampler;
    this.onState = onState;
    this.rows = []; // [pitch, velocity, start_s, end_s]
    this.knownS = 0; // how far the music is written
    this.growing = false;
    this.at = 0; // where it stands, while nothing sounds
    this.origin = null; // the audio clock's time of second 0, while it sounds
    this.next = 0; // everything before it was handed over
    this.held = new Map(); // "start pitch" of each voice that was not let go yet -> [voice, row]
    this.waiting = false; // for music that is not written yet
    this.level = 1;
    this.channel = null;
    this.timer = 0;
  }

  /** The music; `knownS` is how far it is written while it grows, null once it is whole. */
  give(rows, knownS = null) {
    this.rows = rows;
    this.growing = knownS !== null;
    this.lengthS = rows.reduce((most, row) => Math.max(most, row[3]), 0);
    this.knownS = knownS ?? this.lengthS;
    const ends = new Map(rows.map((row) => [keyOf(row), row]));
    for (const [key, sounding] of this.held) sounding[1] = ends.get(key) ?? sounding[1];
  }

  /** Going on, or waiting for music to go on with. */
  get playing() {
    return this.origin !== null || this.waiting;
  }

  get time() {
    if (this.origin === null) return this.at;
    return clamp(this.sampler.now - this.sampler.latencyS - this.origin, this.at, this.length);
  }

  get length() {
    return this.lengthS ?? 0;
  }

  setLevel(level) {
    this.level = level;
    this.channel?.gain.setTargetAtTime(level, this.sampler.now, 0.01);
  }

  play(from = this.at) {
    this.silence();
    this.sampler.wake();
    this.channel ??= this.sampler.channel();
    this.channel.gain.value = this.level;
    this.at = this.next = clamp(from, 0, this.length);
    this.origin = this.sampler.now + BEGIN_S - this.at;
    this.waiting = false;
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tick();
    this.onState();
  }

  pause() {
    if (!this.playing) return;
    this.at = this.time;
    this.silence();
    this.onState();
  }

  seek(seconds) {
    if (this.playing) return this.play(seconds);
    this.at = clamp(seconds, 0, this.length);
  }

  tick() {
    if (this.waiting) return this.resume();
    const clockS = this.sampler.now - this.origin;
    if (clockS >= this.knownS && this.growing) return this.wait();
    if (clockS >= this.length + this.sampler.latencyS && !this.growing) return this.end();
    this.schedule(Math.min(this.knownS, clockS + (document.hidden ? AHEAD_HIDDEN_S : AHEAD_S)));
  }

  /** Hands over what happens before second `until`. */
  schedule(until) {
    const last = until >= this.knownS && !this.growing ? Number.POSITIVE_INFINITY : until;
    for (const row of notesBetween(this.rows, this.next, last)) {
      const voice = this.sampler.strike(row[0], row[1], this.origin + row[2], this.channel);
      this.held.set(keyOf(row), [voice, row]);
    }
    for (const [key, [voice, row]] of this.held) {
      const isOpen = this.growing && row[3] >= this.knownS - HELD_S;
      if (isOpen || row[3] > until) continue;
      voice.release(Math.max(this.origin + row[3], this.sampler.now));
      this.held.delete(key);
    }
    this.next = Math.max(this.next, until);
  }

  /** The music has been played as far as it is written. */
  wait() {
    this.at = this.knownS;
    this.origin = null;
    this.waiting = true;
    this.onState();
  }

  /** Goes on once there is enough to go on with, or all. */
  resume() {
    if (this.growing && this.knownS - this.at < LEAD_S) return;
    this.waiting = false;
    this.origin = this.sampler.now + BEGIN_S - this.at;
    this.onState();
    this.tick();
  }

  end() {
    this.at = this.length;
    clearInterval(this.timer);
    [this.origin, this.waiting] = [null, false];
    this.held.clear(); // they ring out by themselves
    this.onState();
  }

  /** Nothing sounds any more, and nothing is due. */
  silence() {
    clearInterval(this.timer);
    if (this.channel) {
      // What was handed over goes through the channel of before, which is closed.
      const before = this.channel;
      before.gain.setTargetAtTime(0, this.sampler.now, CUT_S / 4);
      setTimeout(() => before.disconnect(), 1000 * CUT_S * 3);
      this.channel = null;
    }
    this.held.clear();
    [this.origin, this.waiting] = [null, false];
  }
}

const keyOf = (row) => `${row[2]} ${row[0]}`;

/** The notes that begin from second `from` on and before `until`, in their order. */
function notesBetween(rows, from, until) {
  return rows.filter((row) => row[2] >= from && row[2] < until).sort((one, other) => one[2] - other[2]);
}
