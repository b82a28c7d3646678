// When the model is asked, heard, interrupted; over an audio clock and a conversation that the tests move.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { load } = require("./load.js");

const RECORD = ["recording", "duet"].map((name) => `record/${name}.js`);
const PLAYER = ["notes", "sampler", "live", "deck_input"].map((name) => `player/${name}.js`);
const FILES = ["shared/limits.js", "shared/elements.js", ...PLAYER, ...RECORD];
const ticks = [];

/** A conversation: the player's recording, a duet, what it asked and said. */
function begun(restS = 1) {
  const timers = { setInterval: (act) => ticks.push(act), clearInterval: () => (ticks.length = 0) };
  const Deck = class {};
  const loaded = load(FILES, ["Duet", "Recording", "sampler"], { ...timers, Deck });
  const { Duet, Recording, sampler } = loaded;
  const clock = { now: 0 };
  Object.defineProperty(sampler, "now", { get: () => 50 + clock.now });
  const voice = { release() {}, cut() {} };
  const channel = { gain: { value: 1, setTargetAtTime() {} }, disconnect() {} };
  Object.assign(sampler, { state: "ready", wake() {}, channel: () => channel, strike: () => voice });
  const told = { asked: [], hushed: 0, said: [] };
  const recording = new Recording();
  const duet = new Duet({
    ask: (question) => told.asked.push(question),
    hush: () => told.hushed++,
    say: (sentence) => told.said.push(sentence),
  });
  duet.begin(recording, restS);
  const key = (pitch, from, to) => {
    go(from);
    duet.press(from);
    recording.press(pitch, 80, from);
    go(to);
    recording.release(pitch, to);
    duet.moved(to);
  };
  const go = (until) => {
    while (clock.now < until - 1e-9) {
      clock.now = Math.min(until, clock.now + 0.02);
      for (const tick of [...ticks]) tick();
      duet.tick(clock.now);
    }
  };
  return { clock, duet, go, key, recording, told };
}

const close = (one, other) => assert.ok(Math.abs(one - other) < 0.03, `${one} is not about ${other}`);

test("it asks before the rest is over, for an answer at its end, about as long as the question", () => {
  const { clock, duet, go, key, told } = begun();
  key(60, 1, 1.5);
  key(64, 2, 4.5);
  assert.equal(told.asked.length, 0);
  go(5.3);
  const [question] = told.asked;
  assert.ok(clock.now < 5.5 && question);
  close(question.moment_s, 5.5);
  close(question.seconds, 3.5);
  assert.deepEqual(
    Array.from(question.rows, (row) => row[0]),
    [60, 64],
  );
  duet.receive({ id: question.id, rows: [[72, 80, 5.6, 6]], known_s: 6.2, problem: "" });
  go(5.48);
  assert.equal(duet.played.length, 0); // the rest is not over
  go(5.56);
  assert.equal(duet.played.length, 1);
  assert.match(told.said.at(-1), /answers\. Play to interrupt/);
});

test("who plays on takes the question back, and it grows", () => {
  const { duet, go, key, told } = begun();
  key(60, 0, 1);
  go(1.8);
  assert.equal(told.asked.length, 1);
  key(62, 1.85, 2.5);
  assert.equal(told.hushed, 1);
  duet.receive({ id: told.asked[0].id, rows: [[72, 80, 2, 3]], known_s: null, problem: "" });
  assert.equal(duet.played.length, 0); // too late
  go(3.3);
  assert.equal(told.asked.length, 2);
  close(told.asked[1].seconds, 2.5);
});

test("a held key or pedal is no rest", () => {
  const { duet, go, key, recording, told } = begun();
  go(0.1);
  recording.setPedal(true, 0.1);
  duet.moved(0.1);
  key(60, 0.2, 1);
  go(4);
  assert.equal(told.asked.length, 0);
  recording.setPedal(false, 4);
  duet.moved(4);
  go(4.9);
  assert.equal(told.asked.length, 1);
});

test("an answer that is interrupted ends there and stays in the conversation", () => {
  const { duet, go, key, told } = begun();
  key(60, 0, 1);
  go(1.9);
  const rows = [
    [72, 80, 2, 2.6],
    [74, 80, 2.6, 4],
    [76, 80, 4, 5],
  ];
  duet.receive({ id: told.asked[0].id, rows, known_s: null, problem: "" });
  go(3);
  key(62, 3, 3.4);
  assert.equal(told.hushed, 1);
  assert.deepEqual(
    Array.from(duet.answers, (row) => row[0]),
    [72, 74],
  );
  close(duet.answers[1][3], 3);
  go(4.3);
  assert.deepEqual(
    Array.from(told.asked[1].rows, (row) => row[0]),
    [60, 62, 72, 74],
  );
  const whole = duet.conversation().rows();
  assert.deepEqual(
    Array.from(whole, (row) => row[0]),
    [60, 72, 74, 62],
  );
});

test("after the answer it listens again", () => {
  const { duet, go, key, told } = begun();
  key(60, 0, 1);
  go(1.9);
  duet.receive({ id: told.asked[0].id, rows: [[72, 80, 2, 2.6]], known_s: null, problem: "" });
  go(4);
  assert.deepEqual([duet.answers.length, duet.momentS], [1, null]);
  assert.match(told.said.at(-1), /then rest/);
  key(64, 5, 5.5);
  go(6.4);
  close(told.asked[1].seconds, 2); // the shortest
});

test("a press of the pedal asks at once where that is wished", () => {
  const { duet, go, key, told } = begun(null);
  assert.equal(duet.pressPedal(0), false); // nothing was played
  key(60, 0, 1);
  go(4);
  assert.equal(told.asked.length, 0);
  assert.equal(duet.pressPedal(4), true);
  assert.equal(told.asked[0].moment_s, 4);
});

test("a problem is said and the player has the word again", () => {
  const { duet, go, key, told } = begun();
  key(60, 0, 1);
  go(2);
  duet.receive({ id: told.asked[0].id, rows: [], known_s: null, problem: "No checkpoint." });
  assert.equal(duet.momentS, null);
  assert.ok(told.said.includes("No checkpoint."));
  key(62, 3, 3.5);
  go(5);
  assert.equal(told.asked.length, 2);
});
