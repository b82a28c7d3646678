// What the browser keeps of takes: how many, in what order, and what happens where it stores nothing.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { LIMITS, Store, load, plain } = require("./load.js");

const FILES = ["shared/limits.js", "browser_state/keep.js"];
const open = (store) => load(FILES, ["keep", "OWN", "SHOWN"], { localStorage: store });
const record = (id, made, data = "") => ({ id, made, title: id, facts: "", data });
const ids = (keep) => plain(keep.all().map(({ id }) => id));

test("records come back, the newest first", () => {
  const store = new Store();
  open(store).keep.put([record("a", 1), record("c", 3), record("b", 2)]);
  const { keep } = open(store);
  assert.deepEqual(ids(keep), ["c", "b", "a"]);
  assert.equal(keep.get("b").made, 2);
  assert.equal(keep.get("x"), null);
});

test("the oldest go beyond what Python says", () => {
  assert.equal(LIMITS.kept_takes, 3);
  const { keep } = open(new Store());
  for (let made = 1; made <= 5; made++) keep.put([record(`take ${made}`, made)]);
  assert.deepEqual(ids(keep), ["take 5", "take 4", "take 3"]);
});

test("one that is removed is gone, also from the store", () => {
  const store = new Store();
  const { keep } = open(store);
  keep.put([record("a", 1), record("b", 2)]);
  keep.remove("a");
  assert.deepEqual([ids(keep), ids(open(store).keep)], [["b"], ["b"]]);
});

test("older takes make room, and stay until the page is left", () => {
  const store = new Store(260);
  const { keep } = open(store);
  keep.put([record("old", 1, "x".repeat(100))]);
  keep.put([record("new", 2, "y".repeat(100))]);
  assert.deepEqual(ids(keep), ["new", "old"]);
  assert.deepEqual(ids(open(store).keep), ["new"]);
});

test("where nothing can be stored takes last as long as the page", () => {
  const store = new Store(0);
  const { keep } = open(store);
  keep.put([record("a", 1)]);
  assert.deepEqual([ids(keep), ids(open(store).keep)], [["a"], []]);
  assert.equal(keep.write("musictx-own", { data: "x" }), false);
});

test("what is not ours, or cut off, is left alone", () => {
  const store = new Store();
  Object.assign(store, { other: "1", "musictx-take-bad": '{"id": "b', "musictx-take-odd": "7" });
  assert.deepEqual(ids(open(store).keep), []);
  assert.equal(store.other, "1");
});

test("the last state is one's own file and what was on show", () => {
  const store = new Store();
  const { keep, OWN, SHOWN } = open(store);
  assert.equal(keep.lastState(), null);
  keep.write(OWN, { data: "mine" });
  keep.put([record("a", 1, "packed")]);
  keep.write(SHOWN, { piece: "a" });
  assert.deepEqual(plain(keep.lastState()), { own: "mine", id: "a", shown: "packed", seed: "" });
  keep.write(SHOWN, { seed: "waltz" });
  assert.deepEqual(plain(keep.lastState()), { own: "mine", id: "", shown: "", seed: "waltz" });
  keep.write(SHOWN, { piece: "gone" });
  assert.deepEqual(plain(keep.lastState()), { own: "mine", id: "", shown: "", seed: "" });
});
