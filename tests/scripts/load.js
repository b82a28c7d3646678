// Loads files of musictx/ui as the page does, joined into one scope, into a context of their own with a small page.

const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const UI = path.join(__dirname, "..", "..", "musictx", "ui");
const LIMITS = {
  equal_takes: "Equal takes.",
  kept_takes: 3,
  soundfont: "Sine",
  seed: { bytes: 100, suffixes: [".mid", ".midi"] },
};

/** A part of the page that does nothing but keep what it is told. */
class Part extends EventTarget {
  constructor() {
    super();
    Object.assign(this, { dataset: { limits: JSON.stringify(LIMITS) }, style: {}, attributes: {}, children: [] });
    Object.assign(this, { hidden: false, isConnected: true, textContent: "", width: 846, height: 424 });
    this.classList = { toggle() {}, add() {}, remove() {} };
  }

  querySelector() {
    return new Part();
  }

  querySelectorAll() {
    return [];
  }

  getBoundingClientRect() {
    return { left: 0, top: 0, width: this.width, height: this.height };
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  removeAttribute(name) {
    delete this.attributes[name];
  }

  // A canvas whose pen draws nothing.
  getContext() {
    return new Proxy({}, { get: () => () => {}, set: () => true });
  }
}

/** A store as a browser has it, that refuses more than `room` characters. */
class Store {
  constructor(room = Infinity) {
    Object.defineProperty(this, "room", { value: room, writable: true });
  }

  getItem(name) {
    return Object.hasOwn(this, name) ? this[name] : null;
  }

  setItem(name, text) {
    const others = Object.keys(this).filter((each) => each !== name);
    const used = others.reduce((sum, each) => sum + this[each].length, text.length);
    if (used > this.room) throw new Error("QuotaExceededError");
    this[name] = text;
  }

  removeItem(name) {
    delete this[name];
  }
}

/** The names in `wanted`, as `files` define them; `changes` to what the browser gives a script. */
function load(files, wanted, changes = {}) {
  const document = Object.assign(new Part(), { body: new Part(), createElement: () => new Part() });
  const browser = {
    ...{ atob, btoa, console, document, element: new Part(), Event, CustomEvent: Event, localStorage: new Store() },
    ...{ setTimeout, requestAnimationFrame: () => 1, getComputedStyle: () => ({ getPropertyValue: () => "#102030" }) },
    ResizeObserver: class {
      observe() {}
    },
    MutationObserver: class {
      observe() {}
    },
    ...changes,
  };
  browser.window = Object.assign(new EventTarget(), {
    matchMedia: () => ({ matches: false }),
    ...changes.window,
  });
  const text = files.map((name) => fs.readFileSync(path.join(UI, name), "utf-8")).join("\n");
  return vm.runInNewContext(`(() => {\n${text}\nreturn { ${wanted.join(", ")} };\n})()`, browser);
}

/** Values of another context as plain ones of this, which assert compares. */
const plain = (value) => JSON.parse(JSON.stringify(value));

/** Notes packed as packing.py does it. */
function pack(rows) {
  const bytes = rows.flatMap(([pitch, velocity, start, length]) => {
    const triple = (value) => [(value >> 16) & 255, (value >> 8) & 255, value & 255];
    return [pitch, velocity, ...triple(start), ...triple(length), 0];
  });
  return Buffer.from(bytes).toString("base64");
}

module.exports = { LIMITS, Part, Store, load, pack, plain };
