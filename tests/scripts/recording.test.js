// What was played, as notes and as a MIDI file.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { load } = require("./load.js");

const { Recording, variableLength } = load(["record/recording.js"], ["Recording", "variableLength"]);
const plain = (value) => JSON.parse(JSON.stringify(value));

test("keys are notes, and what is held ends now", () => {
  const made = new Recording();
  made.press(60, 80, 0);
  made.release(60, 0.5);
  made.press(64, 90, 0.7);
  assert.deepEqual(plain(made.rows(1)), [
    [60, 80, 0, 0.5],
    [64, 90, 0.7, 1],
  ]);
});

test("the pedal holds what was let go, and not what is struck after it is up", () => {
  const made = new Recording();
  made.setPedal(true, 0);
  made.press(60, 80, 0.1);
  made.release(60, 0.2);
  made.press(60, 70, 0.6);
  made.release(60, 0.7);
  made.setPedal(false, 1);
  made.press(62, 80, 1.1);
  made.release(62, 1.3);
  assert.deepEqual(plain(made.rows()), [
    [60, 80, 0.1, 0.6],
    [60, 70, 0.6, 1],
    [62, 80, 1.1, 1.3],
  ]);
});

test("the end lets go of everything", () => {
  const made = new Recording();
  made.setPedal(true, 0);
  made.press(60, 80, 0);
  made.end(2);
  assert.deepEqual(plain(made.rows()), [[60, 80, 0, 2]]);
  assert.equal(made.pedal, false);
});

test("a part has the notes that begin in it, with the pedal as it stood", () => {
  const made = new Recording(120);
  made.setPedal(true, 0);
  for (const [pitch, at] of [
    [60, 0],
    [62, 1],
    [64, 2],
    [65, 3],
  ]) {
    made.press(pitch, 80, at);
    made.release(pitch, at + 0.2);
  }
  made.end(4);
  const part = made.between(0.9, 2.5);
  assert.deepEqual(
    plain(part.rows()).map((row) => row.map((each) => Math.round(each * 10) / 10)),
    [
      [62, 80, 0.1, 1.6],
      [64, 80, 1.1, 1.6],
    ],
  );
  assert.equal(part.bpm, 120);
  assert.equal(made.rows().length, 4);
});

test("times in a MIDI file have seven bits a byte", () => {
  const wanted = [
    [0, [0]],
    [127, [127]],
    [128, [129, 0]],
    [16383, [255, 127]],
    [16384, [129, 128, 0]],
  ];
  for (const [number, bytes] of wanted) assert.deepEqual(plain(variableLength(number)), bytes);
});

test("a MIDI file begins as one and tells the length of its track", () => {
  const made = new Recording(100);
  made.press(60, 80, 0.5);
  made.end(1);
  const bytes = made.midi();
  assert.equal(String.fromCharCode(...bytes.slice(0, 4)), "MThd");
  assert.equal(String.fromCharCode(...bytes.slice(14, 18)), "MTrk");
  assert.equal(new DataView(bytes.buffer).getUint32(18), bytes.length - 22);
});
