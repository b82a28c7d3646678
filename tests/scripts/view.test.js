// Which part of the music a roll shows, and where in pixels.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { Part, load, plain } = require("./load.js");

const NAMES = ["dragged", "following", "pitchRange", "pitchToY", "timeToX", "within", "xToTime", "zoomed"];
const FILES = ["shared/elements.js", "player/notes.js", "player/view.js", "player/roll.js", "player/roll_draw.js"];
const { Roll, ...view } = load(FILES, [...NAMES, "Roll"]);

const note = (pitch, start = 0, end = 1) => [pitch, 90, start, end];
const roll = () => {
  const made = new Roll(new Part(), new Part(), new Part(), new Part());
  made.show([[note(60, 0, 8)], [note(72, 8, 40)]], 8, 40);
  return made;
};
const goal = ({ from, span }) => [from, span];

test("a view lies within the music", () => {
  assert.deepEqual(plain(view.within(5, 10, 40)), { from: 5, span: 10 });
  assert.deepEqual(plain(view.within(35, 10, 40)), { from: 30, span: 10 });
  assert.deepEqual(plain(view.within(-3, 10, 40)), { from: 0, span: 10 });
  assert.deepEqual(plain(view.within(0, 90, 40)), { from: 0, span: 40 });
  assert.deepEqual(plain(view.within(7, 0.1, 40)), { from: 7, span: 2 });
  assert.deepEqual(plain(view.within(3, 1, 1)), { from: 0, span: 2 });
});

test("zooming keeps its centre in place", () => {
  const before = { from: 10, span: 20 };
  const after = view.zoomed(before, 2, 15);
  assert.deepEqual(plain(after), { from: 12.5, span: 10 });
  assert.equal(view.timeToX(before, 15, 0, 100), view.timeToX(after, 15, 0, 100));
  assert.deepEqual(plain(view.zoomed(after, 0.5, 15)), before);
});

test("a centre out of sight counts as the edge", () => {
  assert.deepEqual(plain(view.zoomed({ from: 10, span: 20 }, 2, 50)), { from: 40, span: 10 });
});

test("seconds and pixels are each other's inverse", () => {
  const shown = { from: 4, span: 8 };
  assert.equal(view.timeToX(shown, 4, 46, 800), 46);
  assert.equal(view.timeToX(shown, 12, 46, 800), 846);
  assert.equal(view.xToTime(shown, 446, 46, 800), 8);
  for (const time of [-3, 4, 7.25, 30])
    assert.equal(view.xToTime(shown, view.timeToX(shown, time, 46, 800), 46, 800), time);
});

test("pitches are rows of one height, the highest on top", () => {
  const shown = { low: 60, high: 69 };
  assert.deepEqual(
    [70, 69, 60].map((pitch) => view.pitchToY(shown, pitch, 100)),
    [0, 10, 100],
  );
});

test("at least three octaves are shown, and three semitones to spare", () => {
  assert.deepEqual(plain(view.pitchRange([[note(60)], [note(72)]])), { low: 48, high: 84 });
  assert.deepEqual(plain(view.pitchRange([[note(30), note(90)]])), { low: 27, high: 93 });
  assert.deepEqual(plain(view.pitchRange([[], []])), { low: 45, high: 87 });
  assert.deepEqual(plain(view.pitchRange([[note(1), note(126)]])), { low: 0, high: 127 });
});

test("what is under a finger stays under it", () => {
  const grip = { x: 446, apart: 0, count: 1, from: 10, span: 20 };
  assert.deepEqual(plain(view.dragged(grip, { x: 646, apart: 0, count: 1 }, 46, 800, 60)), { from: 5, span: 20 });
});

test("two fingers that spread look closer", () => {
  const grip = { x: 446, apart: 100, count: 2, from: 10, span: 20 };
  const now = { x: 446, apart: 200, count: 2 };
  assert.deepEqual(plain(view.dragged(grip, now, 46, 800, 60)), { from: 15, span: 10 });
  assert.equal(view.dragged(grip, { ...now, apart: 1e6 }, 46, 800, 60).span, 2);
  assert.equal(view.dragged(grip, { ...now, apart: 2 }, 46, 800, 60).span, 60);
});

test("playback glides, or turns pages", () => {
  const shown = { from: 10, span: 10 };
  assert.equal(view.following(shown, 15, false), 11.5);
  assert.equal(view.following(shown, 15, true), 10);
  assert.equal(view.following(shown, 19.6, true), 19.1);
  assert.equal(view.following(shown, 9, true), 8.5);
});

test("a roll shows all of new music, and nothing shorter than two seconds", () => {
  const made = roll();
  assert.deepEqual(goal(made.goal), [0, 40]);
  made.show([[note(60, 0, 1)], []], null, 0.5);
  assert.equal(made.lengthS, 2);
});

test("zooming in leaves the whole, zooming out comes back to it", () => {
  const made = roll();
  made.zoom(2, 20);
  assert.deepEqual([made.fitted, made.held, ...goal(made.goal)], [false, true, 10, 20]);
  made.zoom(0.5, 20);
  assert.deepEqual([made.fitted, made.held, ...goal(made.goal)], [true, false, 0, 40]);
});

test("zooming goes around the playhead", () => {
  const made = roll();
  made.setPlayhead(30);
  made.zoom(4);
  assert.deepEqual(goal(made.goal), [22.5, 10]);
});

test("a view that the visitor has moved stays until the music has been in it", () => {
  const made = roll();
  made.zoom(4, 30);
  made.pan(5);
  const moved = goal(made.goal);
  made.follow(3); // not there yet
  assert.deepEqual(goal(made.goal), moved);
  made.follow(moved[0] + 1); // in sight
  made.follow(moved[0] - 1); // and out again
  assert.notDeepEqual(goal(made.goal), moved);
});

test("a place on the roll is a second of the music, never beyond it", () => {
  const made = roll();
  Object.assign(made.view, { from: 0, span: 40 });
  assert.deepEqual(
    [0, 46, 446, 846, 2000].map((x) => made.timeAt(x)),
    [0, 0, 20, 40, 40],
  );
});

test("the view glides to its goal and arrives", () => {
  const made = roll();
  made.view.from = made.view.span = 40;
  made.goal.from = 0;
  made.step(16);
  assert.ok(made.view.from < 40 && made.view.from > 0);
  for (let frame = 1; frame < 100; frame++) made.step(16 + 16 * frame);
  assert.deepEqual(plain(made.view), plain(made.goal));
});
