// Notes on the sampler: what is struck and let go when, over an audio clock that the tests move.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { load } = require("./load.js");

const FILES = [
  "shared/limits.js",
  "shared/elements.js",
  ...["notes", "sampler", "live"].map((name) => `player/${name}.js`),
];
const ticks = []; // what runs every 25 ms
const { LiveNotes, nearestSample, notesBetween, readPack, zeroOf } = load(
  FILES,
  ["LiveNotes", "nearestSample", "notesBetween", "readPack", "zeroOf"],
  {
    ...{ TextDecoder, clearInterval: () => (ticks.length = 0) },
    setInterval: (act) => {
      ticks.splice(0, ticks.length, act);
      return 1;
    },
  },
);

/** A sampler that writes down what it is told. */
class Told {
  constructor() {
    Object.assign(this, { now: 100, latencyS: 0, log: [] });
  }

  wake() {}

  channel() {
    const gain = { value: 1, setTargetAtTime: () => this.log.push("silence") };
    return { gain, disconnect() {} };
  }

  strike(pitch, _velocity, when) {
    this.log.push(`on ${pitch} ${(when - 100).toFixed(2)}`);
    return { release: (at) => this.log.push(`off ${pitch} ${(at - 100).toFixed(2)}`) };
  }

  /** The clock goes on by `seconds`, with all that happens meanwhile; what was written down. */
  pass(seconds) {
    for (let step = 0; step < Math.round(seconds / 0.025); step++) {
      this.now += 0.025;
      ticks[0]?.();
    }
    return this.log.splice(0);
  }
}

function made(rows, knownS = null) {
  const sampler = new Told();
  const live = new LiveNotes(sampler, () => {});
  live.give(rows, knownS);
  return { sampler, live };
}

const CHORD = [
  [60, 80, 0, 1],
  [64, 80, 0, 0.5],
  [67, 80, 0.75, 1.5],
];

test("each note is struck and let go once, at its time of the audio clock", () => {
  const { sampler, live } = made(CHORD);
  live.play(0);
  const told = sampler.pass(2);
  assert.deepEqual(told.toSorted(), [
    ...["off 60 1.02", "off 64 0.52", "off 67 1.52", "on 60 0.02", "on 64 0.02", "on 67 0.77"],
  ]);
  assert.deepEqual([live.playing, live.time], [false, 1.5]);
});

test("from the middle on what lies before is not heard", () => {
  const { sampler, live } = made(CHORD);
  live.play(0.6);
  assert.deepEqual(sampler.pass(1.2), ["on 67 0.17", "off 67 0.92"]);
});

test("pause silences what is due as well, and keeps the place", () => {
  const { sampler, live } = made(CHORD);
  live.play(0);
  sampler.pass(0.3);
  live.pause();
  assert.deepEqual(sampler.pass(2), ["silence"]);
  assert.ok(Math.abs(live.time - 0.28) < 0.001);
  live.play();
  assert.deepEqual(sampler.pass(0.7), ["on 67 2.79"]); // two seconds later
});

test("music that is still written is waited for, with a lead before it goes on", () => {
  const { sampler, live } = made([[60, 80, 0, 0.5]], 0.5);
  live.play(0);
  assert.deepEqual(sampler.pass(1), ["on 60 0.02"]); // it ends where the music ends so far: still held
  assert.deepEqual([live.waiting, live.playing, live.time], [true, true, 0.5]);
  live.give(
    [
      [60, 80, 0, 0.7],
      [62, 80, 0.8, 1],
    ],
    1,
  );
  assert.deepEqual([...sampler.pass(0.2)], []); // half a second is too little
  live.give(
    [
      [60, 80, 0, 0.7],
      [62, 80, 0.8, 1],
      [64, 80, 1.2, 1.4],
    ],
    1.6,
  );
  const told = sampler.pass(0.5);
  assert.equal(live.waiting, false);
  assert.deepEqual(
    told.map((each) => each.slice(0, 6)),
    ["off 60", "on 62 ", "off 62"],
  );
});

test("the end of the writing lets it go on with however little there is", () => {
  const { sampler, live } = made([[60, 80, 0, 0.5]], 0.5);
  live.play(0);
  sampler.pass(1);
  live.give([
    [60, 80, 0, 0.5],
    [62, 80, 0.6, 0.7],
  ]);
  const told = sampler.pass(1);
  assert.ok(told.some((each) => each.startsWith("on 62")));
  assert.equal(live.playing, false);
});

test("a held note that grows is not struck again", () => {
  const { sampler, live } = made([[60, 80, 0, 1]], 1);
  live.play(0);
  const first = sampler.pass(0.5);
  live.give([[60, 80, 0, 2.5]], 2.5);
  live.give([
    [60, 80, 0, 2.1],
    [62, 80, 2.4, 2.6],
  ]);
  const told = [...first, ...sampler.pass(3)];
  assert.deepEqual(told.filter((each) => each.startsWith("on 60")).length, 1);
  assert.ok(told.includes("off 60 2.12"));
});

test("notes in a range come in their order", () => {
  const rows = [
    [1, 1, 3, 4],
    [2, 1, 1, 9],
    [3, 1, 2, 3],
  ];
  assert.deepEqual(
    [...notesBetween(rows, 1, 3)].map(([pitch]) => pitch),
    [2, 3],
  );
});

test("the nearest sample is that of the nearest pitch, then of the nearest loudness", () => {
  const samples = [
    [60, 46],
    [60, 92],
    [63, 46],
    [63, 92],
  ];
  assert.deepEqual([...nearestSample(samples, 61, 60)], [60, 46]);
  assert.deepEqual([...nearestSample(samples, 62, 90)], [63, 92]);
  assert.deepEqual([...nearestSample(samples, 20, 127)], [60, 92]);
});

test("a pack is read, and its time begins where its click says", () => {
  const index = new TextEncoder().encode(JSON.stringify({ sync_s: 0.1, samples: [[60, 46, 0.5, 1]] }));
  const bytes = new Uint8Array([0, 0, 0, index.length, ...index, 7, 7]);
  const { samples, sync_s, soundAt } = readPack(bytes.buffer);
  assert.deepEqual([samples[0][0], sync_s, soundAt], [60, 0.1, bytes.length - 2]);
  const channel = new Float32Array(44100);
  [channel[5000], channel[5515], channel[30000]] = [0.1, -0.8, 0.9];
  assert.ok(Math.abs(zeroOf(channel, 44100, 0.1) - (5515 / 44100 - 0.1)) < 1e-9);
});
