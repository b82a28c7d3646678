// The arithmetic of the plot of a run.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { load, plain } = require("./load.js");

const NAMES = ["CurvePlot", "decimalsOf", "nearest", "niceStep", "nllRange", "stepAfter"];
const { CurvePlot, decimalsOf, nearest, niceStep, nllRange, stepAfter } = load(["train/curve.js"], NAMES);

test("steps of the grid are round, and no more than asked for", () => {
  assert.deepEqual([niceStep(10, 4), niceStep(0.9, 4), niceStep(1000, 5), niceStep(3, 3)], [2.5, 0.25, 200, 1]);
  for (const span of [0.013, 0.7, 3.3, 47, 8100]) assert.ok(span / niceStep(span, 4) <= 4);
  assert.equal(niceStep(0, 4), 1);
});

test("figures have the decimals that tell steps apart", () => {
  assert.deepEqual([2, 0.5, 0.25, 0.125, 0.0625].map(decimalsOf), [0, 1, 2, 3, 4]);
});

test("the range holds smoothed training, raw validation and the base, but no leap of raw training", () => {
  const value = {
    training: { raw: [99], smoothed: [3, 2] },
    validation: { raw: [2.5, 4], smoothed: [2.5] },
    base_nll: 1,
  };
  const [low, high] = nllRange(value);
  assert.ok(Math.abs(low - 0.76) < 1e-9 && Math.abs(high - 4.24) < 1e-9);
  assert.ok(nllRange({ ...value, base_nll: null })[0] > 1);
  const none = { raw: [], smoothed: [] };
  assert.deepEqual(plain(nllRange({ training: none, validation: none, base_nll: null })), [0, 1]);
  const flat = nllRange({ training: { smoothed: [2] }, validation: none, base_nll: null });
  assert.ok(flat[1] - flat[0] > 0.03);
});

test("the nearest step is read", () => {
  assert.deepEqual([nearest([10, 20, 40], 29), nearest([10, 20, 40], 31), nearest([10, 20], -5)], [20, 40, 10]);
});

test("arrow keys go from step to step and stop at the ends", () => {
  const steps = [10, 20, 40];
  const go = (key, at) => stepAfter(key, steps, at);
  assert.deepEqual([go("ArrowRight", null), go("ArrowRight", 20), go("ArrowRight", 40)], [10, 40, 40]);
  assert.deepEqual([go("ArrowLeft", 20), go("ArrowLeft", 10), go("ArrowLeft", null)], [10, 10, 10]);
  assert.deepEqual([go("Home", 40), go("End", 10), go("x", 10)], [10, 40, null]);
  assert.equal(stepAfter("End", [], null), null);
});

test("steps and pixels are each other's inverse, low NLL is low", () => {
  const plot = Object.assign(Object.create(CurvePlot.prototype), {
    ...{ value: { steps: 200 }, width: 450, height: 200, low: 1, high: 3 },
    svg: { getBoundingClientRect: () => ({ left: 100 }) },
  });
  assert.deepEqual([plot.x(0), plot.x(100), plot.x(200)], [40, 240, 440]);
  assert.equal(plot.stepAt(100 + plot.x(50)), 50);
  assert.deepEqual([plot.y(3), plot.y(1)], [10, 158]);
});
