// Where notes come from while something is played: the computer's keys and MIDI keyboards. Each tells a `target`
// press(pitch, velocity, time), release(pitch, time) and pedal(down, time); times are those of performance.now(), in ms.

const COMPUTER_VELOCITY = 80;
// By place on the keyboard, whatever is printed there: the row of A is white keys, the row above it black ones.
const COMPUTER_KEYS = [
  ...["KeyA", "KeyW", "KeyS", "KeyE", "KeyD", "KeyF", "KeyT", "KeyG", "KeyY", "KeyH", "KeyU", "KeyJ", "KeyK"],
  ...["KeyO", "KeyL", "KeyP", "Semicolon", "Quote"],
];
const OCTAVE_KEYS = { KeyZ: -1, KeyX: 1 };
const PEDAL_KEY = "ShiftLeft";

class ComputerKeys {
  /** `isOpen`: whether the keys play now; `changed` is called with the pitch of the A key when the octave changes. */
  constructor(target, isOpen, changed) {
    Object.assign(this, { target, isOpen, changed, base: 60, held: new Map() });
    document.addEventListener("keydown", (event) => this.down(event), true);
    document.addEventListener("keyup", (event) => this.up(event), true);
    window.addEventListener("blur", () => this.letGo(performance.now())); // its keyup goes to another window
  }

  down(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.isOpen() || isTyping(event.target)) return;
    const place = COMPUTER_KEYS.indexOf(event.code);
    if (place < 0 && !OCTAVE_KEYS[event.code] && event.code !== PEDAL_KEY) return;
    if (event.code !== PEDAL_KEY) event.preventDefault();
    event.stopPropagation();
    if (event.repeat) return;
    if (event.code === PEDAL_KEY) return this.target.pedal(true, event.timeStamp);
    if (OCTAVE_KEYS[event.code]) return this.shift(OCTAVE_KEYS[event.code]);
    const pitch = this.base + place;
    this.held.set(event.code, pitch);
    this.target.press(pitch, COMPUTER_VELOCITY, event.timeStamp);
  }

  up(event) {
    if (event.code === PEDAL_KEY && this.isOpen()) this.target.pedal(false, event.timeStamp);
    if (!this.held.has(event.code)) return;
    this.target.release(this.held.get(event.code), event.timeStamp);
    this.held.delete(event.code);
  }

  shift(octaves) {
    this.base = clamp(this.base + 12 * octaves, 24, 84);
    this.changed(this.base);
  }

  letGo(time) {
    for (const pitch of this.held.values()) this.target.release(pitch, time);
    this.held.clear();
  }
}

/** Whether letters belong to what has the focus. */
function isTyping(target) {
  return Boolean(
    target.closest?.("input:not([type=checkbox], [type=range]), textarea, select, [contenteditable=true]"),
  );
}

const NO_MIDI = "This browser has no Web MIDI. Chrome, Edge and Firefox have it.";
const FRAMED = "The page around this one does not let it use MIDI keyboards. Open it in a window of its own.";
const DENIED = "The browser was told not to let this page use MIDI keyboards. Its settings for this page change that.";
const NONE_FOUND = "No MIDI keyboard was found. Plug one in: it is heard as soon as it is there.";

class MidiKeyboards {
  /** `say` is called with a sentence for the visitor whenever there is news. */
  constructor(target, say) {
    Object.assign(this, { target, say, access: null });
  }

  /** Asks the browser, which asks the visitor. */
  async connect() {
    if (!navigator.requestMIDIAccess) return this.say(window.isSecureContext ? NO_MIDI : `${NO_MIDI} It takes https.`);
    try {
      this.access = await navigator.requestMIDIAccess();
    } catch {
      return this.say(window.top !== window ? FRAMED : DENIED);
    }
    this.access.onstatechange = () => this.listen();
    this.listen();
  }

  get inputs() {
    return [...(this.access?.inputs.values() ?? [])].filter((input) => input.state === "connected");
  }

  listen() {
    for (const input of this.inputs) input.onmidimessage = (message) => this.hear(message);
    const found = this.inputs.map((input) => input.name ?? "a MIDI keyboard");
    this.say(found.length ? `Listening to ${found.join(", ")}.` : NONE_FOUND);
  }

  hear({ data: [status, first, second], timeStamp }) {
    const time = timeStamp || performance.now();
    const kind = status & 0xf0;
    if (kind === 0x90 && second) this.target.press(first, second, time);
    else if (kind === 0x90 || kind === 0x80) this.target.release(first, time);
    else if (kind === 0xb0 && first === PEDAL) this.target.pedal(second >= PEDAL, time);
    else if (kind === 0xb0 && first >= 120) this.target.letGo(time); // all sound off, all notes off
  }
}
