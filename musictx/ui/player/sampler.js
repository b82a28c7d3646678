// The piano of the browser: samples of the chosen SoundFont (see audio/samples.py), struck at exact times of the audio
// clock. One for the whole page.

const HEADER_BYTES = 4; // the length of a pack's index
const SEARCHED_S = 0.3; // where the click of a pack is looked for
const NOTE_LEVEL = 0.4; // of one note, so that chords stay below full scale
const MOST_VOICES = 96; // more than two hands and a pedal hold; beyond it the oldest goes
const DAMPED_S = 0.07; // how fast a damped string dies away (time constant)
const UNDAMPED_PITCH = 89; // from here on a piano has no dampers
const CUT_S = 0.02; // a voice that is cut off, so that it does not click

class Sampler {
  constructor() {
    this.context = null;
    this.output = null; // of all voices
    this.wanted = null; // name of the SoundFont
    this.pack = null; // { buffer, zeroS, samples } of the font that is loaded
    this.state = "none"; // "none", "loading", "ready" or "failed"
    this.voices = new Set();
    this.listeners = new Set(); // called when `state` changes
  }

  get ready() {
    return this.state === "ready";
  }

  /** Whether notes can be heard here at all, now or once the samples have come. */
  get can() {
    return Boolean(window.AudioContext) && this.state !== "failed" && LIMITS.soundfont !== null;
  }

  /** The audio clock in seconds. */
  get now() {
    return this.context?.currentTime ?? 0;
  }

  /** How long what is struck takes until it is heard. */
  get latencyS() {
    return this.context ? this.context.outputLatency || this.context.baseLatency || 0 : 0;
  }

  /** Loads the samples of the SoundFont of that name, in place of those that there are. */
  async use(name) {
    if (!window.AudioContext || (name === this.wanted && this.state !== "failed")) return;
    this.wanted = name;
    if (!this.pack) this.become("loading");
    try {
      const pack = await fetchPack(name);
      if (name !== this.wanted) return;
      this.pack = pack;
      this.become("ready");
    } catch (error) {
      console.warn("The samples of the piano could not be loaded.", error);
      if (name === this.wanted && !this.pack) this.become("failed");
    }
  }

  /** Loads the samples of that SoundFont unless those of one were asked for already. */
  prepare(name) {
    if (this.wanted === null && name !== null) this.use(name);
  }

  become(state) {
    this.state = state;
    for (const listener of this.listeners) listener();
  }

  /** Browsers let a page sound only once somebody has pressed something: to be called from there. */
  wake() {
    if (!window.AudioContext) return;
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      const limiter = new DynamicsCompressorNode(this.context, { threshold: -8, knee: 6, ratio: 12, attack: 0.002 });
      this.output = new GainNode(this.context, { gain: NOTE_LEVEL });
      this.output.connect(limiter).connect(this.context.destination);
    }
    if (this.context.state !== "running") this.context.resume();
  }

  /** A node that what one player strikes goes through. */
  channel() {
    const gain = new GainNode(this.context);
    gain.connect(this.output);
    return gain;
  }

  /** Strikes a key at `when` of the audio clock, through `channel`; the voice that sounds then. */
  strike(pitch, velocity, when, channel) {
    const [played, loudness, startS, lengthS] = nearestSample(this.pack.samples, pitch, velocity);
    const rate = 2 ** ((pitch - played) / 12);
    const source = new AudioBufferSourceNode(this.context, { buffer: this.pack.buffer, playbackRate: rate });
    const gain = new GainNode(this.context, { gain: (velocity / loudness) ** 2 }); // as SoundFonts have it, SF 2.04, 8.4.1
    source.connect(gain).connect(channel);
    source.start(when, this.pack.zeroS + startS, lengthS);
    const voice = new Voice(source, gain, pitch, when);
    this.voices.add(voice);
    source.onended = () => this.voices.delete(voice);
    if (this.voices.size > MOST_VOICES) [...this.voices].find((each) => each !== voice).cut(this.now);
    return voice;
  }
}

/** One struck string. */
class Voice {
  constructor(source, gain, pitch, startedAt) {
    Object.assign(this, { source, gain, pitch, startedAt });
  }

  /** The key is let go at `when`. */
  release(when) {
    if (this.pitch >= UNDAMPED_PITCH) return;
    const at = Math.max(when, this.startedAt);
    this.gain.gain.setTargetAtTime(0, at, DAMPED_S);
    this.source.stop(at + 7 * DAMPED_S);
  }

  /** Silent from `when` on, whether it has begun or not. */
  cut(when) {
    this.gain.gain.setTargetAtTime(0, when, CUT_S / 4);
    this.source.stop(Math.max(when, this.startedAt) + (this.startedAt > when ? 0 : CUT_S));
  }
}

/** The sample [pitch, velocity, start_s, length_s] that sounds most like a note: its pitch first, then its loudness. */
function nearestSample(samples, pitch, velocity) {
  const distance = (sample) => 1000 * Math.abs(sample[0] - pitch) + Math.abs(sample[1] - velocity);
  return samples.reduce((best, each) => (distance(each) < distance(best) ? each : best));
}

/** The index of a pack and where its sound begins, from its bytes. */
function readPack(bytes) {
  const view = new DataView(bytes);
  const soundAt = HEADER_BYTES + view.getUint32(0);
  return {
    ...JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, HEADER_BYTES, soundAt - HEADER_BYTES))),
    soundAt,
  };
}

/** Where the pack's time begins in what was decoded: by its click, the loudest moment before the first sample. */
function zeroOf(channel, rateHz, syncS) {
  let loudest = 0;
  for (let at = 1; at < Math.min(channel.length, SEARCHED_S * rateHz); at++)
    if (Math.abs(channel[at]) > Math.abs(channel[loudest])) loudest = at;
  return loudest / rateHz - syncS;
}

async function fetchPack(name) {
  const root = (window.gradio_config?.root ?? "").replace(/\/$/, "");
  const answer = await fetch(`${root}/samples?${new URLSearchParams({ soundfont: name })}`, { priority: "low" });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  const bytes = await answer.arrayBuffer();
  const { samples, sync_s, soundAt } = readPack(bytes);
  const decoder = new OfflineAudioContext(2, 1, 44100); // needs no press of a button
  const buffer = await decoder.decodeAudioData(bytes.slice(soundAt));
  return { buffer, samples, zeroS: zeroOf(buffer.getChannelData(0), buffer.sampleRate, sync_s) };
}

const sampler = new Sampler();
