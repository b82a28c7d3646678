// The state of a player and of its deck, over an <audio> that does nothing.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { Part, load } = require("./load.js");

const FILES = ["limits", "elements", "uploads"].map((name) => `shared/${name}.js`);
const PLAYER = ["notes", "view", "roll", "sampler", "live", "player", "deck", "deck_input"].map(
  (name) => `player/${name}.js`,
);
const { Deck, Player } = load([...FILES, ...PLAYER], ["Deck", "Player"]);

class Audio extends Part {
  constructor(duration = 20) {
    super();
    Object.assign(this, { duration, currentTime: 0, paused: true, ended: false, readyState: 0 });
  }

  load() {
    Object.assign(this, { currentTime: 0, paused: true, readyState: 0 });
  }

  play() {
    this.paused = false;
    return Promise.resolve();
  }

  pause() {
    this.paused = true;
  }

  /** The file is known. */
  arrive() {
    this.readyState = 4;
    this.dispatchEvent(new Event("loadedmetadata"));
  }
}

const player = (duration) =>
  new Player(
    new Audio(duration),
    () => {},
    () => {},
  );

test("without a sound nothing can be played", () => {
  const made = player();
  made.load(null, false);
  assert.deepEqual([made.can, made.playing, made.length], [false, false, 0]);
  made.toggle();
  assert.equal(made.playing, false);
});

test("a sound that has to be made is asked for once, and plays when it is there", () => {
  const made = player();
  let asked = 0;
  made.load(null, false, () => asked++, 12);
  assert.deepEqual([made.can, made.length], [true, 12]);
  made.toggle();
  made.play();
  assert.deepEqual([asked, made.asked], [1, true]);
  made.load("sound.flac", true);
  made.audio.arrive();
  assert.deepEqual([made.asked, made.playing, made.length], [false, true, 20]);
});

test("who presses pause while it is made does not hear it", () => {
  const made = player();
  made.load(null, false, () => {});
  made.toggle();
  made.toggle();
  made.load("sound.flac", true);
  made.audio.arrive();
  assert.equal(made.playing, false);
});

test("another take goes on at the same second", () => {
  const made = player();
  made.load("one.flac", false);
  made.audio.arrive();
  made.play();
  made.audio.currentTime = 7;
  made.load("two.flac", true);
  assert.equal(made.time, 7);
  made.audio.arrive();
  assert.deepEqual([made.audio.currentTime, made.playing], [7, true]);
});

test("a shorter take goes on just before its end", () => {
  const made = player();
  made.load("one.flac", false);
  made.audio.arrive();
  made.audio.currentTime = 19;
  made.load("two.flac", true);
  made.audio.duration = 5;
  made.audio.arrive();
  assert.ok(Math.abs(made.audio.currentTime - 4.95) < 1e-9);
});

test("another piece starts at the beginning, in silence", () => {
  const made = player();
  made.load("one.flac", false);
  made.audio.arrive();
  made.play();
  made.audio.currentTime = 7;
  made.load("other.flac", false);
  made.audio.arrive();
  assert.deepEqual([made.time, made.playing], [0, false]);
});

test("seeking stays within the music, and waits for a file that is not known yet", () => {
  const made = player();
  made.load("one.flac", false, null, 20);
  made.seek(8);
  assert.deepEqual([made.time, made.audio.currentTime], [8, 0]);
  made.audio.arrive();
  assert.equal(made.audio.currentTime, 8);
  made.seek(99);
  assert.equal(made.time, 20);
  made.seek(-4);
  assert.equal(made.time, 0);
});

test("play at the end begins again", () => {
  const made = player();
  made.load("one.flac", false);
  made.audio.arrive();
  made.seek(20);
  made.play();
  assert.deepEqual([made.time, made.playing], [0, true]);
});

/** A deck without a page. */
function deck({ time = 0, length = 20, joinS = 8, placed = false } = {}) {
  const made = Object.create(Deck.prototype);
  return Object.assign(made, { player: { time, length, can: true }, words: { joinS }, placed, name: "" });
}

test("play begins anew at the end and, untouched, at the start", () => {
  assert.equal(deck().isAtStart(), true);
  assert.equal(deck({ time: 5 }).isAtStart(), false);
  assert.equal(deck({ time: 19.99 }).isAtStart(), true);
  assert.equal(deck({ placed: true }).isAtStart(), false);
});

test("the seed's end is heard with a second before it", () => {
  assert.equal(deck().joinTime(), 7);
  assert.equal(deck({ joinS: 0.4 }).joinTime(), 0);
});

test("keys move by a second, with Shift by five, and none of them with Ctrl", () => {
  const made = deck({ time: 9 });
  const went = [];
  Object.assign(made, { roll: { release() {}, zoom: (by) => went.push(by), fit: () => went.push("fit") } });
  made.seek = (seconds) => went.push(seconds);
  for (const key of ["ArrowLeft", "ArrowRight", "Home", "End", "+", "0"]) made.action({ key })();
  made.action({ key: "ArrowRight", shiftKey: true })();
  assert.deepEqual(went, [8, 10, 0, 20, 1.6, "fit", 14]);
  assert.equal(made.action({ key: "ArrowRight", ctrlKey: true }), null);
  assert.equal(made.action({ key: "x" }), null);
  made.player.can = false;
  assert.equal(made.action({ key: "ArrowRight" }), null);
});
