// Note strings, names of notes, and times as a clock shows them.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { load, pack, plain } = require("./load.js");

const { Notes, clamp, clock, lastEnd, noteName } = load(
  ["player/notes.js"],
  ["Notes", "clamp", "clock", "lastEnd", "noteName"],
);

test("a note string is read as packing.py writes it", () => {
  const rows = new Notes().read(
    pack([
      [60, 90, 1500, 250],
      [108, 1, 2 ** 24 - 1, 70_000],
    ]),
  ).rows;
  assert.deepEqual(plain(rows), [
    [60, 90, 1.5, 1.75],
    [108, 1, 16777.215, 16777.215 + 70],
  ]);
});

test("of a string that has grown only the new part is read", () => {
  const notes = new Notes();
  const first = pack([[60, 90, 0, 500]]);
  notes.read(first);
  const kept = notes.rows[0];
  notes.read(first + pack([[64, 80, 500, 500]]));
  assert.equal(notes.rows[0], kept);
  assert.deepEqual(plain(notes.rows[1]), [64, 80, 0.5, 1]);
  notes.read(first + pack([[64, 80, 500, 500]]));
  assert.equal(notes.rows.length, 2);
});

test("another string starts anew", () => {
  const notes = new Notes().read(pack([[60, 90, 0, 500]]));
  notes.read(pack([[61, 90, 0, 500]]));
  assert.deepEqual(plain(notes.rows), [[61, 90, 0, 0.5]]);
  assert.deepEqual(plain(notes.read("").rows), []);
});

test("a record that is cut off is read once it is whole", () => {
  const whole = pack([
    [60, 90, 0, 500],
    [64, 80, 500, 500],
  ]);
  const notes = new Notes().read(whole.slice(0, 16));
  assert.equal(notes.rows.length, 1);
  assert.deepEqual(plain(notes.read(whole).rows[1]), [64, 80, 0.5, 1]);
});

test("the end of all layers is that of the note that lasts longest", () => {
  const layers = [
    [
      [60, 1, 0, 9],
      [60, 1, 4, 5],
    ],
    [[60, 1, 6, 8]],
  ];
  assert.equal(lastEnd(layers), 9);
  assert.equal(lastEnd([[], []]), 0);
});

test("notes have names, octaves counted as C4 = 60", () => {
  assert.deepEqual([0, 21, 60, 61, 70, 108].map(noteName), ["C-1", "A0", "C4", "C#4", "Bb4", "C8"]);
});

test("a clock shows whole minutes and seconds", () => {
  assert.deepEqual([-1, 0, 59.9, 59.9995, 61, 3600].map(clock), ["0:00", "0:00", "0:59", "1:00", "1:01", "60:00"]);
});

test("a value is kept between two bounds", () => {
  assert.deepEqual([clamp(-1, 0, 5), clamp(3, 0, 5), clamp(6, 0, 5)], [0, 3, 5]);
});
