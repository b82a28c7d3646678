// What was played: keys and pedal with their times, as notes to look at and hear, and as a MIDI file.
// Nothing here touches the page. Times are seconds from the recording's begin.

const PEDAL = 64; // the controller of the sustain pedal; from this value on it is down
const TICKS = 960; // a beat; half a millisecond at 120 BPM
const USUAL_BPM = 120; // of a recording without a click
const SHORTEST_NOTE_S = 0.03;

class Recording {
  constructor(bpm = null) {
    this.bpm = bpm; // of the click that was played to, null without one
    this.events = []; // { time, pitch, velocity } of keys (velocity 0: let go), { time, pedal } of the pedal
    this.down = new Set(); // pitches whose keys are down
    this.pedal = false;
  }

  press(pitch, velocity, time) {
    if (this.down.has(pitch)) this.release(pitch, time);
    this.down.add(pitch);
    this.events.push({ time, pitch, velocity });
  }

  release(pitch, time) {
    if (this.down.delete(pitch)) this.events.push({ time, pitch, velocity: 0 });
  }

  setPedal(down, time) {
    if (down === this.pedal) return;
    this.pedal = down;
    this.events.push({ time, pedal: down });
  }

  /** Everything is let go. */
  end(time) {
    for (const pitch of [...this.down]) this.release(pitch, time);
    this.setPedal(false, time);
  }

  /** The notes as they sound, the pedal included: rows [pitch, velocity, start_s, end_s]; what is held ends `now`. */
  rows(now = Number.POSITIVE_INFINITY) {
    const rows = [];
    const sounding = new Map(); // pitch -> its row
    let pedal = false;
    const ringing = new Set(); // pitches whose keys are up and whose strings the pedal holds
    const finish = (pitch, time) => {
      const row = sounding.get(pitch);
      if (!row) return;
      row[3] = Math.max(time, row[2] + SHORTEST_NOTE_S);
      sounding.delete(pitch);
      ringing.delete(pitch);
    };
    for (const { time, pitch, velocity, pedal: moved } of this.events) {
      if (moved !== undefined) {
        pedal = moved;
        if (!pedal) for (const each of [...ringing]) finish(each, time);
      } else if (velocity) {
        finish(pitch, time);
        const row = [pitch, velocity, time, time];
        sounding.set(pitch, row);
        rows.push(row);
      } else if (pedal) ringing.add(pitch);
      else finish(pitch, time);
    }
    const last = Number.isFinite(now) ? now : this.length;
    for (const pitch of [...sounding.keys()]) finish(pitch, last);
    return rows;
  }

  get length() {
    return this.events.length ? this.events[this.events.length - 1].time : 0;
  }

  /** What lies between two seconds, from 0 on: of notes that begin there, with the pedal as it stood at `from`. */
  between(from, until) {
    const part = new Recording(this.bpm);
    const before = this.events.filter((event) => event.time < from);
    if (before.findLast((event) => event.pedal !== undefined)?.pedal) part.setPedal(true, 0);
    for (const event of this.events) {
      if (event.time < from || event.time > until) continue;
      const time = event.time - from;
      if (event.pedal !== undefined) part.setPedal(event.pedal, time);
      else if (event.velocity) part.press(event.pitch, event.velocity, time);
      else part.release(event.pitch, time);
    }
    part.end(until - from);
    return part;
  }

  /** The bytes of a MIDI file of format 0, with the click's tempo so that its bars are known. */
  midi() {
    const bpm = this.bpm ?? USUAL_BPM;
    const micros = Math.round(60e6 / bpm);
    const track = [0, 0xff, 0x51, 3, (micros >> 16) & 255, (micros >> 8) & 255, micros & 255];
    track.push(0, 0xc0, 0);
    let at = 0;
    for (const event of this.events.toSorted((one, other) => one.time - other.time)) {
      const tick = Math.round(((event.time * bpm) / 60) * TICKS);
      track.push(...variableLength(tick - at));
      if (event.pedal !== undefined) track.push(0xb0, PEDAL, event.pedal ? 127 : 0);
      else track.push(event.velocity ? 0x90 : 0x80, event.pitch, event.velocity);
      at = tick;
    }
    track.push(0, 0xff, 0x2f, 0);
    const head = [...bytesOf("MThd"), 0, 0, 0, 6, 0, 0, 0, 1, TICKS >> 8, TICKS & 255];
    return new Uint8Array([...head, ...bytesOf("MTrk"), ...bigEndian(track.length), ...track]);
  }
}

const bytesOf = (text) => [...text].map((letter) => letter.charCodeAt(0));
const bigEndian = (number) => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255);

/** A number as a MIDI file writes times: seven bits a byte, the high bit set in all but the last. */
function variableLength(number) {
  const bytes = [number & 127];
  for (let rest = number >> 7; rest; rest >>= 7) bytes.unshift((rest & 127) | 128);
  return bytes;
}
