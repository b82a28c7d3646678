// What is said at a number field, and what of an upload.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { load, plain } = require("./load.js");

const FILES = ["shared/limits.js", "header/fields.js", "shared/uploads.js"];
const { misfit, refusalOf } = load(FILES, ["misfit", "refusalOf"]);
const said = (text, changes = {}) =>
  misfit({ name: "Length", text, low: "1", high: "180", whole: false, isBad: false, ...changes });

test("a number in its range is fine, both ends included", () => {
  assert.deepEqual(
    ["1", "180", "7.25", "1e2"].map((text) => said(text)),
    ["", "", "", ""],
  );
});

test("what is out of range is said with what was received", () => {
  assert.equal(said("181"), "Length must be a number between 1 and 180. Received: 181");
  assert.equal(said("0.99"), "Length must be a number between 1 and 180. Received: 0.99");
});

test("bounds are written as people do, and only those that there are", () => {
  assert.match(said("2000000", { high: "1000000" }), /between 1 and 1,000,000\./);
  assert.match(said("-1", { low: "0", high: "" }), /must be a number of 0 or more\./);
  assert.match(said("x", { low: "", high: "" }), /must be a number\. Received: x$/);
  assert.equal(said("-1e9", { low: "", high: "" }), "");
});

test("an empty field and one with what is no number are told apart", () => {
  assert.match(said(""), /180\. The field is empty\.$/);
  assert.match(said("", { isBad: true }), /180\. What was typed is none\.$/);
});

test("a whole number is asked for where only such fit", () => {
  assert.equal(said("2.5", { whole: true }), "Length must be a whole number between 1 and 180. Received: 2.5");
  assert.equal(said("2", { whole: true }), "");
});

test("endless input is cut", () => {
  assert.match(said("9".repeat(400)), /Received: 9{20}$/);
});

const limits = { bytes: 100, suffixes: [".mid", ".zip"] };
const file = (name, size) => ({ name, size });

test("files that fit travel, whatever the case of their names", () => {
  assert.equal(refusalOf([file("a.mid", 50), file("B.ZIP", 50)], limits), null);
});

test("what is too large is refused by its name, or together", () => {
  assert.deepEqual(plain(refusalOf([file("a.mid", 101)], limits)), { name: "a.mid", bytes: 101 });
  const both = [file("a.mid", 60), file("b.mid", 60)];
  assert.deepEqual(plain(refusalOf(both, limits)), { name: "2 files together", bytes: 120 });
});

test("what is of another kind is refused by the first such name", () => {
  const files = [file("a.mid", 1), file("mid.mp3", 2), file("c.wav", 3)];
  assert.deepEqual(plain(refusalOf(files, limits)), { name: "mid.mp3", bytes: 6 });
});
