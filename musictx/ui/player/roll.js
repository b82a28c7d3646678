// The piano roll: notes on two canvases. `base` holds what changes with the music or the view,
// `top` what changes with every frame of playback (playhead, sounding notes and keys).

const KEYS_PX = 46;
const AXIS_PX = 24;
const SHADES = 16;
const BLACK = new Set([1, 3, 6, 8, 10]);

class Roll {
  constructor(box, base, top, head) {
    this.box = box;
    this.head = head;
    this.seen = ""; // what the top canvas shows
    this.base = base;
    this.top = top;
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
    this.drawn = () => {}; // whoever lays something over it follows the view here
    this.readColours();
    new ResizeObserver(() => this.resize()).observe(box);
    new MutationObserver(() => this.readColours()).observe(document.body, { attributeFilter: ["class"] });
    this.resize();
  }

  readColours() {
    const style = getComputedStyle(this.box);
    const get = (name) => style.getPropertyValue("--mx-" + name).trim();
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
    Object.assign(this.goal, pitchRange(layers));
    if (this.fitted) this.aim(0, this.lengthS);
    this.invalidate();
  }

  aim(from, span) {
    Object.assign(this.goal, within(from, span, this.lengthS));
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
    const wanted = zoomed(this.goal, factor, centreS ?? this.playheadS ?? from + span / 2);
    this.fitted = wanted.span >= this.lengthS;
    this.aim(wanted.from, wanted.span);
    this.hold();
  }

  pan(seconds) {
    this.aim(this.goal.from + seconds, this.goal.span);
    this.hold();
  }

  /** Fingers have moved from `grip` to `now` (see deck_pointer.js): what was under them stays under them. */
  drag(grip, now) {
    const left = this.box.getBoundingClientRect().left + KEYS_PX;
    const wanted = dragged(grip, now, left, this.across, this.lengthS);
    this.fitted = wanted.span >= this.lengthS;
    this.aim(wanted.from, wanted.span);
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
    const wanted = following(this.goal, timeS, lessMotion.matches);
    if (wanted !== from) this.aim(wanted, span);
  }

  setPlayhead(timeS) {
    this.playheadS = timeS;
    this.drawTop();
  }

  /** The width of the notes, in pixels: all but the keys. */
  get across() {
    return this.width - KEYS_PX;
  }

  timeAt(clientX) {
    const x = clientX - this.box.getBoundingClientRect().left;
    return clamp(xToTime(this.view, x, KEYS_PX, this.across), 0, this.lengthS);
  }

  x(timeS) {
    return timeToX(this.view, timeS, KEYS_PX, this.across);
  }

  y(pitch) {
    return pitchToY(this.view, pitch, this.height - AXIS_PX);
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
      if (near || lessMotion.matches) this.view[name] = this.goal[name];
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
