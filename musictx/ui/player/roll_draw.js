// How the roll is painted.

Object.assign(Roll.prototype, {
  draw() {
    if (!this.width) return;
    const pen = this.pen(this.base);
    this.drawRows(pen);
    this.drawTimes(pen);
    this.layers.forEach((rows, layer) => this.drawNotes(pen, rows, this.ramps[layer]));
    this.drawJoin(pen);
    this.drawKeys(pen, new Map());
    this.drawTop();
    this.drawn();
  },

  pen(canvas) {
    const pen = canvas.getContext("2d");
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    pen.font = "11px system-ui, sans-serif";
    return pen;
  },

  pitches() {
    return [Math.floor(this.view.low), Math.ceil(this.view.high)];
  },

  drawRows(pen) {
    const [low, high] = this.pitches();
    pen.fillStyle = this.ink.row;
    pen.fillRect(0, 0, this.width, this.height);
    pen.fillStyle = this.ink["row-black"];
    for (let pitch = low; pitch <= high; pitch++)
      if (BLACK.has(pitch % 12))
        pen.fillRect(KEYS_PX, this.y(pitch + 1), this.width, this.y(pitch) - this.y(pitch + 1));
    pen.fillStyle = this.ink.octave;
    for (let pitch = low; pitch <= high; pitch++)
      if (pitch % 12 === 0) pen.fillRect(KEYS_PX, Math.round(this.y(pitch)) - 0.5, this.width, 1);
  },

  drawTimes(pen) {
    const perSecond = this.across / this.view.span;
    const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((s) => s * perSecond >= 64) ?? 1200;
    const floor = this.height - AXIS_PX;
    pen.fillStyle = this.ink.row;
    pen.fillRect(0, floor, this.width, AXIS_PX);
    pen.textAlign = "center";
    for (let time = Math.ceil(this.view.from / step) * step; time <= this.view.from + this.view.span; time += step) {
      const x = this.x(time);
      pen.fillStyle = this.ink.line;
      pen.fillRect(Math.round(x) - 0.5, 0, 1, floor);
      pen.fillStyle = this.ink.text;
      const label = step < 1 && time % 1 ? clock(time) + ".5" : clock(time);
      if (x > KEYS_PX + 12 && x < this.width - 14) pen.fillText(label, x, this.height - 8);
    }
    pen.fillStyle = this.ink.octave;
    pen.fillRect(KEYS_PX, floor, this.width, 1);
  },

  drawNotes(pen, rows, ramp) {
    const lane = this.y(0) - this.y(1);
    const height = Math.max(2, lane - (lane > 6 ? 1.5 : 0.5));
    const end = this.view.from + this.view.span;
    const radius = Math.min(3, height / 3);
    for (const [pitch, velocity, startS, endS] of rows) {
      if (endS < this.view.from || startS > end) continue;
      const x = this.x(startS);
      const width = Math.max(2, this.x(endS) - x - 0.75);
      pen.fillStyle = ramp[clamp(Math.round(((velocity - 20) / 90) * (SHADES - 1)), 0, SHADES - 1)];
      const y = this.y(pitch + 1) + (lane - height) / 2;
      if (width > 5 && radius > 1) {
        pen.beginPath();
        pen.roundRect(x, y, width, height, radius);
        pen.fill();
      } else pen.fillRect(x, y, width, height);
    }
  },

  drawJoin(pen) {
    if (this.joinS === null) return;
    const x = Math.round(this.x(this.joinS)) - 0.5;
    pen.fillStyle = this.ink.join;
    pen.fillRect(x, 0, 1, this.height - AXIS_PX);
    pen.beginPath();
    pen.moveTo(x - 4, 0);
    pen.lineTo(x + 5, 0);
    pen.lineTo(x + 0.5, 6);
    pen.fill();
  },

  drawKeys(pen, lit) {
    const [low, high] = this.pitches();
    const floor = this.height - AXIS_PX;
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, KEYS_PX, floor);
    pen.clip();
    pen.fillStyle = this.ink.key;
    pen.fillRect(0, 0, KEYS_PX, floor);
    for (let pitch = low; pitch <= high; pitch++) {
      const [y, next] = [this.y(pitch), this.y(pitch + 1)];
      const black = BLACK.has(pitch % 12);
      const across = black ? KEYS_PX * 0.6 : KEYS_PX;
      if (lit.has(pitch) || black) {
        pen.fillStyle = lit.get(pitch) ?? this.ink["key-black"];
        pen.fillRect(0, next, across, y - next);
      }
      pen.fillStyle = this.ink["key-line"];
      // A line between neighbouring white keys, and from each black key's middle outwards.
      if (pitch % 12 === 0 || pitch % 12 === 5) pen.fillRect(0, Math.round(y) - 0.5, KEYS_PX, 1);
      if (black) pen.fillRect(across, Math.round((y + next) / 2) - 0.5, KEYS_PX - across, 1);
      if (pitch % 12 === 0 && this.y(0) - this.y(12) > 26 && y > 14) {
        pen.fillStyle = lit.has(pitch) ? this.ink["lit-text"] : this.ink["key-text"];
        pen.textAlign = "right";
        pen.fillText("C" + (pitch / 12 - 1), KEYS_PX - 5, Math.min(floor - 3, y - 2));
      }
    }
    pen.restore();
    pen.fillStyle = this.ink.octave;
    pen.fillRect(KEYS_PX - 1, 0, 1, floor);
  },

  /** The playhead, and what it touches: sounding notes and their keys. */
  drawTop() {
    if (!this.width) return;
    const time = this.playheadS;
    const x = time === null ? -1 : this.x(time);
    this.head.hidden = x < KEYS_PX - 1 || x > this.width;
    if (!this.head.hidden) this.head.style.transform = `translateX(${x.toFixed(2)}px)`;

    // Nothing is struck yet at the very start.
    const sounding = this.layers.map((rows) => (time ? rows.filter((row) => row[2] <= time && row[3] > time) : []));
    const { from, span, low, high } = this.view;
    const seen = JSON.stringify([sounding, from, span, low, high, this.width, this.height, this.ink.head]);
    if (seen === this.seen) return;
    this.seen = seen;
    const pen = this.pen(this.top);
    const lit = new Map();
    sounding.forEach((rows, layer) => {
      const colour = this.ink[layer ? "lit-new" : "lit-seed"];
      this.drawNotes(pen, rows, Array(SHADES).fill(colour));
      for (const row of rows) lit.set(row[0], colour);
    });
    if (lit.size) this.drawKeys(pen, lit);
  },
});
