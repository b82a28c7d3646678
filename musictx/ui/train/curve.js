// The plot of a run: NLL over steps in two curves, the base as a line, checkpoints as marks, the learning rate as a band.

const SVG = "http://www.w3.org/2000/svg";
const [LEFT, RIGHT, TOP, BOTTOM, BAND] = [40, 10, 10, 22, 16];
const NICE = [1, 2, 2.5, 5, 10];

/** A round step that divides `span` into at most `parts`. */
function niceStep(span, parts) {
  const rough = span / parts || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * NICE.find((factor) => factor * power >= rough);
}

/** Least and greatest NLL to draw, whichever curves there are, with some to spare. */
function nllRange({ training, validation: held, base_nll: base }) {
  // Raw training values may leap: they are cut off rather than press everything else flat.
  const all = [...training.smoothed, ...held.raw, ...(base === null ? [] : [base])];
  if (!all.length) return [0, 1];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const spare = Math.max(0.02, (high - low) * 0.08);
  return [low - spare, high + spare];
}

/** How many decimals tell multiples of `step` apart. */
function decimalsOf(step) {
  const isWhole = (value) => Math.abs(Math.round(value) - value) < 1e-6;
  return [0, 1, 2, 3].find((number) => isWhole(step * 10 ** number)) ?? 4;
}

/** The one of `steps` that is nearest to `at`. */
function nearest(steps, at) {
  return steps.reduce((best, step) => (Math.abs(step - at) < Math.abs(best - at) ? step : best), steps[0]);
}

/** The step that `key` leads to from `at`, null being none yet; null for other keys. */
function stepAfter(key, steps, at) {
  const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[key];
  if (!move || !steps.length) return null;
  const index = at === null ? -1 : steps.indexOf(nearest(steps, at));
  return steps[Math.min(steps.length - 1, Math.max(0, index + move))];
}

class CurvePlot {
  constructor(svg, tip) {
    this.svg = svg;
    this.tip = tip;
    this.value = null;
    this.at = null; // the step under the pointer
    new ResizeObserver(() => this.draw()).observe(svg);
    svg.addEventListener("pointermove", (event) => this.point(this.stepAt(event.clientX)));
    svg.addEventListener("pointerleave", () => this.point(null));
    svg.addEventListener("blur", () => this.point(null));
    svg.addEventListener("keydown", (event) => this.key(event));
  }

  show(value) {
    this.value = value;
    this.draw();
  }

  draw() {
    const { width, height } = this.svg.getBoundingClientRect();
    if (!this.value || !width) return;
    Object.assign(this, { width, height });
    [this.low, this.high] = nllRange(this.value);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const { training, validation: held, rates, base_nll: base, samples } = this.value;
    this.svg.replaceChildren();
    this.clip();
    if (!training.steps.length && !held.steps.length) return;
    this.grid();
    this.band(rates);
    if (base !== null) {
      const y = this.y(base);
      this.add("line", { class: "base", x1: LEFT, x2: width - RIGHT, y1: y, y2: y });
    }
    this.line("training raw", training.steps, training.raw);
    this.line("held raw", held.steps, held.raw);
    this.line("training", training.steps, training.smoothed);
    this.line("held", held.steps, held.smoothed);
    for (const step of samples) this.mark(step, held);
    this.cross = this.add("line", { class: "cross", y1: TOP, y2: height - BOTTOM, visibility: "hidden" });
    this.point(this.at);
  }

  clip() {
    const clip = this.add("clipPath", { id: "mx-plot" });
    const { width, height } = this;
    const inside = {
      x: LEFT,
      y: TOP,
      width: Math.max(0, width - LEFT - RIGHT),
      height: Math.max(0, height - TOP - BOTTOM),
    };
    clip.append(this.make("rect", inside));
  }

  grid() {
    const [width, height] = [this.width, this.height];
    const step = niceStep(this.high - this.low, 4);
    const digits = decimalsOf(step);
    for (let value = Math.ceil(this.low / step) * step; value <= this.high; value += step) {
      const y = Math.round(this.y(value)) + 0.5;
      this.add("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y });
      this.add("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }).textContent = value.toFixed(digits);
    }
    const along = Math.max(1, Math.round(niceStep(this.value.steps, width / 90)));
    for (let at = 0; at <= this.value.steps; at += along)
      this.add("text", { x: this.x(at), y: height - 6, "text-anchor": at ? "middle" : "start" }).textContent =
        at.toLocaleString("en");
  }

  /** The learning rate, as high as the band at its peak. */
  band({ steps, raw }) {
    const peak = Math.max(...raw);
    if (!steps.length || !(peak > 0)) return;
    const floor = this.height - BOTTOM;
    const points = steps.map(
      (step, index) => `${this.x(step).toFixed(1)},${(floor - (BAND * raw[index]) / peak).toFixed(1)}`,
    );
    this.add("polygon", {
      class: "rate",
      points: `${this.x(steps[0])},${floor} ${points.join(" ")} ${this.x(steps.at(-1))},${floor}`,
    });
  }

  line(name, steps, values) {
    if (!steps.length) return;
    const points = steps.map((step, index) => `${this.x(step).toFixed(1)} ${this.y(values[index]).toFixed(1)}`);
    this.add("path", { class: name, d: `M${points.join("L")}`, "clip-path": "url(#mx-plot)" });
  }

  mark(step, held) {
    const index = held.steps.indexOf(step);
    const y = index < 0 ? this.height - BOTTOM : this.y(held.smoothed[index]);
    const best = step === this.value.best_step;
    this.add("circle", {
      class: best ? "mark best" : "mark",
      cx: this.x(step),
      cy: y,
      r: best ? 5 : 3.5,
      "data-step": step,
    });
  }

  x(step) {
    return LEFT + (step / Math.max(1, this.value.steps)) * (this.width - LEFT - RIGHT);
  }

  y(value) {
    return TOP + ((this.high - value) / (this.high - this.low)) * (this.height - TOP - BOTTOM - BAND - 4);
  }

  stepAt(clientX) {
    const x = clientX - this.svg.getBoundingClientRect().left;
    return ((x - LEFT) / (this.width - LEFT - RIGHT)) * this.value.steps;
  }

  key(event) {
    const step = stepAfter(event.key, this.value?.training.steps ?? [], this.at);
    if (step === null) return;
    event.preventDefault();
    this.point(step);
  }

  /** The figures at a step, beside a line. */
  point(at) {
    this.at = at;
    const { training, validation: held, rates } = this.value ?? {};
    const shown = at !== null && training?.steps.length && this.cross;
    this.tip.hidden = !shown;
    this.cross?.setAttribute("visibility", shown ? "visible" : "hidden");
    if (!shown) return;
    const step = nearest(training.steps, at);
    const words = [
      `step ${step.toLocaleString("en")}`,
      `training ${training.smoothed[training.steps.indexOf(step)].toFixed(3)}`,
    ];
    if (held.steps.length)
      words.push(`validation ${held.smoothed[held.steps.indexOf(nearest(held.steps, step))].toFixed(3)}`);
    if (rates.steps.length)
      words.push(`learning rate ${rates.raw[rates.steps.indexOf(nearest(rates.steps, step))].toExponential(1)}`);
    this.tip.textContent = words.join(" · ");
    const x = this.x(step);
    for (const end of ["x1", "x2"]) this.cross.setAttribute(end, x);
    this.tip.style.left = `${Math.min(Math.max(4, x - this.tip.offsetWidth / 2), this.width - this.tip.offsetWidth - 4)}px`;
  }

  make(tag, attributes) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  add(tag, attributes) {
    return this.svg.appendChild(this.make(tag, attributes));
  }
}
