// Call and response: after a rest, or a press of the pedal, the model answers with a phrase about as long as the
// question. All that was played so far is its context. Times are seconds of the conversation, which began with the first key.

const FORESIGHT_S = 0.35; // the model reads while the rest still lasts; who plays on meanwhile takes the question back
const ANSWER_S = [2, 16]; // the shortest and the longest answer
const DUET_TICK_MS = 20;
const BEFORE_ANSWER_S = 0.05; // a rest at the answer's begin is not waited for beyond this
const LISTENS = "Play a phrase, then rest: the model answers.";
const ANSWERS = "The model answers. Play to interrupt it.";

class Duet {
  /**
   * ask: called with {id, rows, moment_s, seconds} when an answer is wanted; what comes goes to `receive`.
   * hush: called when it is not wanted any more. say: called with a sentence for the visitor.
   */
  constructor({ ask, hush, say }) {
    Object.assign(this, { ask, hush, say, id: 0, live: new LiveNotes(sampler, () => this.heard()) });
    this.stop();
  }

  /** `restS`: of silence before an answer, null where a press of the pedal asks for it. */
  begin(recording, restS) {
    this.stop();
    Object.assign(this, { recording, restS, isOn: true });
    this.say(LISTENS);
  }

  /** Nothing more is asked or answered; the conversation stays. */
  stop() {
    if (this.isOn) this.takeBack();
    Object.assign(this, { isOn: false, answers: [], rows: [], from: null, lastS: null, momentS: null, shiftS: null });
  }

  /** What the model has played, what it plays now included. */
  get played() {
    return this.shiftS === null ? this.answers : [...this.answers, ...this.shifted()];
  }

  /** The answer at the times at which it is heard, up to `until`. */
  shifted(until = Number.POSITIVE_INFINITY) {
    return this.rows
      .filter((row) => row[2] >= this.live.from - 0.001 && row[2] + this.shiftS < until)
      .map(([pitch, velocity, start, end]) => [
        pitch,
        velocity,
        start + this.shiftS,
        Math.min(end + this.shiftS, until),
      ]);
  }

  /** The player strikes a key. */
  press(now) {
    this.takeBack(now);
    this.from ??= now;
    this.lastS = null;
  }

  /** The player's keys or pedal have moved: silence is counted from here once nothing sounds any more. */
  moved(now) {
    const isStill = !this.recording.down.size && !this.recording.pedal;
    this.lastS = isStill && this.from !== null ? now : null;
  }

  /** The pedal is down; whether that asked for an answer. */
  pressPedal(now) {
    if (this.restS !== null || this.from === null) return false;
    this.askAt(now);
    return true;
  }

  /** Many times a second. */
  tick(now) {
    if (
      this.momentS === null &&
      this.lastS !== null &&
      this.restS !== null &&
      now >= this.lastS + this.restS - FORESIGHT_S
    )
      this.askAt(this.lastS + this.restS);
    this.begins(now);
  }

  askAt(momentS) {
    this.momentS = momentS;
    this.rows = [];
    this.known = momentS;
    this.id += 1;
    const seconds = clamp((this.lastS ?? momentS) - this.from, ...ANSWER_S);
    const rows = [...this.recording.rows(momentS), ...this.answers];
    this.ask({ id: this.id, rows, moment_s: momentS, seconds });
  }

  /** What the server has of an answer so far. */
  receive({ id, rows, known_s, problem }) {
    if (id !== this.id || this.momentS === null) return;
    if (problem) {
      this.say(problem);
      return this.finish([]);
    }
    this.rows = rows;
    this.known = known_s;
    if (this.shiftS !== null) this.live.give(rows, known_s);
    else if (known_s === null && !rows.length) this.finish([]);
  }

  /** Once it is time and there are notes. */
  begins(now) {
    if (this.momentS === null || this.shiftS !== null || now < this.momentS || !this.rows.length || !sampler.ready)
      return;
    const first = this.rows.reduce((least, row) => Math.min(least, row[2]), Number.POSITIVE_INFINITY);
    this.live.from = Math.max(this.momentS, first - BEFORE_ANSWER_S);
    this.shiftS = now + BEGIN_S - this.live.from;
    this.live.give(this.rows, this.known);
    this.live.setLevel(isMuted() ? 0 : 1);
    this.live.play(this.live.from);
    this.say(ANSWERS);
  }

  /** The answer's player has begun, waits, or has come to its end. */
  heard() {
    if (this.shiftS !== null && !this.live.playing) this.finish(this.shifted());
  }

  finish(answer) {
    this.answers = [...this.answers, ...answer];
    const ended = answer.reduce((most, row) => Math.max(most, row[3]), this.momentS ?? 0);
    Object.assign(this, { rows: [], from: null, lastS: null, momentS: null, shiftS: null, endedS: ended });
    if (this.isOn) this.say(LISTENS);
  }

  /** The player goes on: what was asked for is not wanted, what sounds ends here. */
  takeBack(now = Number.POSITIVE_INFINITY) {
    if (this.momentS === null) return;
    const [wasHeard, from] = [this.shiftS !== null, this.from];
    const answer = wasHeard ? this.shifted(now) : [];
    this.id += 1;
    this.hush();
    this.finish(answer);
    this.live.pause();
    if (!wasHeard) this.from = from; // the question goes on
  }

  /** Question and answers as one recording. */
  conversation() {
    const whole = new Recording();
    whole.events = [...this.recording.events];
    for (const [pitch, velocity, start, end] of this.answers)
      whole.events.push({ time: start, pitch, velocity }, { time: end, pitch, velocity: 0 });
    whole.events.sort((one, other) => one.time - other.time || (one.velocity ?? 0) - (other.velocity ?? 0));
    return whole;
  }
}
