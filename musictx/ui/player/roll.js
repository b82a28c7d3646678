// The piano roll: notes on two canvases. `base` holds what changes with the music or the view,
// `top` what changes with every frame of playback (playhead, sounding notes and keys).

const KEYS_PX = 46;
const AXIS_PX = 24;
const RECORD_CHARS = 12; // 9 bytes a note in base64: pitch, velocity, start ms (3), length ms (3), 0
const SHADES = 16;
const BLACK = new Set([1, 3, 6, 8, 10]);
const NAMES = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"];

const noteName = (pitch) => NAMES[pitch % 12] + (Math.floor(pitch / 12) - 1);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds + 0.001));
  return Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0");
};

/** Notes decoded from an append-only string: only what is new is read. */
class Notes {
  constructor() {
    this.text = "";
    this.rows = []; // [pitch, velocity, start_s, end_s]
  }

  read(text) {
    if (!text.startsWith(this.text)) {
      this.rows = [];
      this.text = "";
    }
    const bytes = atob(text.slice(this.text.length));
    const triple = (at) => (bytes.charCodeAt(at) << 16) | (bytes.charCodeAt(at + 1) << 8) | bytes.charCodeAt(at + 2);
    for (let at = 0; at + 9 <= bytes.length; at += 9) {
      const start = triple(at + 2) / 1000;
      this.rows.push([bytes.charCodeAt(at), bytes.charCodeAt(at + 1), start, start + triple(at + 5) / 1000]);
    }
    this.text = text.slice(0, text.length - (text.length % RECORD_CHARS));
    return this;
  }
}

class Roll {
  constructor(box, base, top, head) {
    this.box = box;
    this.head = head;
    this.seen = ""; // what the top canvas shows
    this.base = base;
    this.top = top;
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.layers = [[], []]; // seed, continuation: arrays of rows
    this.joinS = null;
    this.lengthS = 10; // what "fit" shows
    this.view = { from: 0, span: 10, low: 48, high: 84 };
    this.goal = { ...this.view };
    this.fitted = true;
    this.held = false; // the visitor has moved the view: playback leaves it there
    this.met = false; // and the playhead has been seen in it since
    this.playheadS = null;
    this.frame = 0;
    this.readColours();
    new ResizeObserver(() => this.resize()).observe(box);
    new MutationObserver(() => this.readColours()).observe(document.body, { attributeFilter: ["class"] });
    this.resize();
  }

  readColours() {
    const style = getComputedStyle(this.box);
    const get = (name) => style.getPropertyValue("--mx-" + name).trim() || "#888888";
    const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const ramp = (soft, loud) =>
      Array.from({ length: SHADES }, (_, step) => {
        const mix = rgb(soft).map((v, i) => Math.round(v + ((rgb(loud)[i] - v) * step) / (SHADES - 1)));
        return `rgb(${mix.join(",")})`;
      });
    this.ramps = [ramp(get("seed-soft"), get("seed-loud")), ramp(get("new-soft"), get("new-loud"))];
    this.ink = Object.fromEntries(
      "row row-black line octave join text key key-black key-line key-text head lit-seed lit-new lit-text"
        .split(" ")
        .map((name) => [name, get(name)]),
    );
    this.invalidate();
  }

  resize() {
    const { width, height } = this.box.getBoundingClientRect();
    if (!width || !height) return;
    this.width = width;
    this.height = height;
    this.ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.base, this.top]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.seen = "";
    this.draw();
  }

  /** New music: layers of note rows, where the seed ends, and how long "fit" is. */
  show(layers, joinS, lengthS) {
    this.layers = layers;
    this.joinS = joinS;
    this.lengthS = Math.max(2, lengthS);
    this.aimPitches();
    if (this.fitted) this.aim(0, this.lengthS);
    this.invalidate();
  }

  aimPitches() {
    let low = 127;
    let high = 0;
    for (const rows of this.layers)
      for (const row of rows) {
        if (row[0] < low) low = row[0];
        if (row[0] > high) high = row[0];
      }
    if (low > high) [low, high] = [48, 84];
    const spare = Math.max(3, Math.ceil((36 - (high - low)) / 2)); // never closer than three octaves
    this.goal.low = Math.max(0, low - spare);
    this.goal.high = Math.min(127, high + spare);
  }

  aim(from, span) {
    this.goal.span = clamp(span, 2, Math.max(2, this.lengthS));
    this.goal.from = clamp(from, 0, Math.max(0, this.lengthS - this.goal.span));
    this.invalidate();
  }

  fit() {
    this.fitted = true;
    this.held = false;
    this.aim(0, this.lengthS);
  }

  /** Factor above 1 looks closer, around `centreS` (the playhead, or the middle of the view). */
  zoom(factor, centreS = null) {
    const { from, span } = this.goal;
    const centre = centreS ?? this.playheadS ?? from + span / 2;
    const share = clamp((centre - from) / span, 0, 1);
    const wanted = span / factor;
    this.fitted = wanted >= this.lengthS;
    this.aim(centre - share * wanted, wanted);
    this.hold();
  }

  pan(seconds) {
    this.aim(this.goal.from + seconds, this.goal.span);
    this.hold();
  }

  /** Fingers have moved from `grip` to `now` (see deck_pointer.js): what was under them stays under them. */
  drag(grip, now) {
    const across = this.width - KEYS_PX;
    const left = this.box.getBoundingClientRect().left + KEYS_PX;
    const closer = now.count > 1 && now.apart > 1 ? Math.max(grip.apart, 1) / now.apart : 1;
    const span = clamp(grip.span * closer, 2, Math.max(2, this.lengthS));
    const under = grip.from + ((grip.x - left) / across) * grip.span;
    this.fitted = span >= this.lengthS;
    this.aim(under - ((now.x - left) / across) * span, span);
    [this.view.from, this.view.span] = [this.goal.from, this.goal.span]; // fingers want no easing
    this.hold();
  }

  /** The view stays where the visitor has put it until the music has come into sight and left it again. */
  hold() {
    this.held = !this.fitted;
    this.met = false;
  }

  /** Playback may move the view again. */
  release() {
    this.held = false;
  }

  staysAt(timeS) {
    if (!this.held) return false;
    const { from, span } = this.goal;
    const inSight = timeS >= from && timeS <= from + span * 0.98;
    this.met ||= inSight;
    this.held = inSight || !this.met;
    return this.held;
  }

  /** Keeps `timeS` in sight: gliding with the music, or by pages where motion is unwelcome. */
  follow(timeS) {
    if (this.fitted || this.staysAt(timeS)) return;
    const { from, span } = this.goal;
    if (!this.still.matches) this.aim(timeS - 0.35 * span, span);
    else if (timeS < from || timeS > from + span * 0.95) this.aim(timeS - 0.05 * span, span);
  }

  setPlayhead(timeS) {
    this.playheadS = timeS;
    this.drawTop();
  }

  timeAt(clientX) {
    const x = clientX - this.box.getBoundingClientRect().left;
    return clamp(this.view.from + ((x - KEYS_PX) / (this.width - KEYS_PX)) * this.view.span, 0, this.lengthS);
  }

  x(timeS) {
    return KEYS_PX + ((timeS - this.view.from) / this.view.span) * (this.width - KEYS_PX);
  }

  y(pitch) {
    return ((this.view.high + 1 - pitch) / (this.view.high + 1 - this.view.low)) * (this.height - AXIS_PX);
  }

  invalidate() {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.step(now));
  }

  /** One frame on the way from the view to its goal, most of which is behind after a quarter of a second. */
  step(now) {
    const share = 1 - Math.exp(-Math.min(100, now - (this.steppedAt || now - 16)) / 70);
    this.steppedAt = now;
    this.frame = 0;
    let moving = false;
    for (const name of ["from", "span", "low", "high"]) {
      const gap = this.goal[name] - this.view[name];
      const near = Math.abs(gap) < (name === "low" || name === "high" ? 0.02 : this.goal.span / 2000);
      if (near || this.still.matches) this.view[name] = this.goal[name];
      else {
        this.view[name] += gap * share;
        moving = true;
      }
    }
    this.draw();
    if (moving) this.invalidate();
    else this.steppedAt = 0;
  }
}
