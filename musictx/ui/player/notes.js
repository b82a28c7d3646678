// Notes and times as words and numbers; nothing here touches the page.

const RECORD_CHARS = 12; // 9 bytes a note in base64: pitch, velocity, start ms (3), length ms (3), 0
const RECORD_BYTES = 9;
const NAMES = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"];

const noteName = (pitch) => NAMES[pitch % 12] + (Math.floor(pitch / 12) - 1);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds + 0.001));
  return Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0");
};

/** Notes decoded from an append-only string (see packing.py): only what is new is read. */
class Notes {
  constructor() {
    this.text = "";
    this.rows = []; // [pitch, velocity, start_s, end_s]
  }

  read(text) {
    if (!text.startsWith(this.text)) {
      this.rows = [];
      this.text = "";
    }
    const bytes = atob(text.slice(this.text.length));
    const triple = (at) => (bytes.charCodeAt(at) << 16) | (bytes.charCodeAt(at + 1) << 8) | bytes.charCodeAt(at + 2);
    for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const start = triple(at + 2) / 1000;
      this.rows.push([bytes.charCodeAt(at), bytes.charCodeAt(at + 1), start, start + triple(at + 5) / 1000]);
    }
    this.text = text.slice(0, text.length - (text.length % RECORD_CHARS));
    return this;
  }
}

/** The end of all notes in `layers`, in seconds. */
const lastEnd = (layers) => layers.flat().reduce((most, row) => Math.max(most, row[3]), 0);
