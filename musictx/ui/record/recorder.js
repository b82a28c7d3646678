// The recorder under the roll: arm, count in, record, trim, use. What is played grows on the roll as it is played.

const COUNT_BEATS = 4;
const LONGEST_S = 600;
const SEEN_S = 20; // of a long recording while it grows
const SHORTEST_TRIM_S = 0.5;
const TO_RECORD = "Press Record, then play: it begins with your first note.";
const FIRST_NOTE = "Play: it begins with your first note.";
const COUNTING_IN = "One bar to count in…";
const RECORDING_NOW = "Recording. Press Stop when the phrase is done.";
const NOTHING_PLAYED = "No note was played. Press Record and play.";
const RECORDED = (seconds, notes) =>
  `${seconds.toFixed(1)} s, ${notes} ${notes === 1 ? "note" : "notes"}. Listen, trim, use it as the seed, or record again.`;

class Recorder {
  /**
   * Args:
   *   root: the element of record.html.
   *   deck: whose roll and player it uses while it is open.
   *   use: called with the File of a recording that is to be the seed.
   *   closed: called when the roll is free again.
   *   ask, hush: as of a `Duet`.
   */
  constructor(root, deck, { use, closed, ask, hush }) {
    Object.assign(this, { root, deck, use, closed, state: "closed", recording: null, zeroMs: null, kept: null });
    this.click = new Click();
    const hands = new Hands([this]);
    this.hands = hands;
    this.keyboard = new ScreenKeyboard(this.find(".keyboard"), hands);
    this.computer = new ComputerKeys(
      hands,
      () => this.hears,
      (base) => this.keyboard.show(base),
    );
    this.duet = new Duet({ ask, hush, say: (sentence) => this.say(".record-words", sentence) });
    this.midi = new MidiKeyboards(hands, (sentence) => this.say(".record-midi-words", sentence));
    this.listen();
  }

  find(name) {
    return this.root.querySelector(name);
  }

  get stage() {
    return this.root.closest(".stage");
  }

  get isOpen() {
    return this.state !== "closed";
  }

  /** Whether letters are piano keys. */
  get hears() {
    return this.isOpen && this.root.offsetParent !== null;
  }

  listen() {
    this.find(".record-start").addEventListener("click", () => (this.isBusy ? this.stop() : this.begin()));
    this.find(".record-duet").addEventListener("click", () => (this.isBusy ? this.stop() : this.beginDuet()));
    this.find(".record-use").addEventListener("click", () => this.use(this.file()));
    this.find(".record-close").addEventListener("click", () => this.close());
    this.find(".record-connect").addEventListener("click", () => this.midi.connect());
    for (const slider of this.root.querySelectorAll(".record-trim input"))
      slider.addEventListener("input", () => this.trim(slider));
  }

  get isBusy() {
    return ["armed", "counting", "recording", "duet"].includes(this.state);
  }

  open() {
    if (this.state !== "closed") return;
    this.root.hidden = false;
    this.state = "ready";
    this.keyboard.fill();
    sampler.wake();
    sampler.prepare(LIMITS.soundfont);
    this.stage.dataset.recorder = "open";
    this.deck.say(null, "");
    this.deck.tell(null);
    this.showRows([], 10);
    this.deck.load(null, false);
    this.show();
    this.say(".record-words", TO_RECORD);
    this.find(".record-start").focus();
    this.deck.announce("The recorder is open. Letters are piano keys now.");
  }

  close() {
    if (this.state === "closed") return;
    if (this.isBusy) this.stop();
    this.hands.letGo(performance.now());
    this.state = "closed";
    this.kept = this.recording = null;
    this.root.hidden = true;
    delete this.stage.dataset.recorder;
    if (this.address) URL.revokeObjectURL(this.address);
    this.closed();
  }

  /** The conversation begins with the first key. */
  beginDuet() {
    this.begin(false);
    this.state = "duet";
    const rest = this.find(".record-rest").value;
    this.duet.begin(this.recording, rest ? Number(rest) : null);
    this.timer = setInterval(() => this.zeroMs !== null && this.duet.tick(this.now), DUET_TICK_MS);
    this.show();
  }

  begin(withClick = this.find(".record-click").checked) {
    const bpm = withClick ? clamp(Number(this.find(".record-tempo input").value) || 100, 40, 240) : null;
    sampler.wake();
    this.deck.player.pause();
    this.deck.load(null, false);
    this.recording = new Recording(bpm);
    this.kept = null;
    this.zeroMs = null;
    this.state = "armed";
    if (withClick) {
      const startS = sampler.now + 0.1;
      const beats = this.find(".record-count").checked ? COUNT_BEATS : 0;
      this.click.start(bpm, startS);
      // When it is heard, not when it is handed over: that is what one plays to.
      const heardS = startS + (beats * 60) / bpm + sampler.latencyS;
      this.zeroMs = performance.now() + 1000 * (heardS - sampler.now);
      this.state = beats ? "counting" : "recording";
    }
    this.showRows([], 10);
    this.show();
    this.say(".record-words", { armed: FIRST_NOTE, counting: COUNTING_IN, recording: RECORDING_NOW }[this.state]);
    requestAnimationFrame(() => this.grow());
  }

  stop() {
    this.click.stop();
    clearInterval(this.timer);
    this.recording.end(this.now);
    if (this.state === "duet") {
      this.duet.takeBack(this.now);
      this.recording = this.duet.conversation();
      this.duet.stop();
    }
    const rows = this.recording.rows();
    this.state = "ready";
    if (!rows.length) {
      this.recording = null;
      this.say(".record-words", NOTHING_PLAYED);
      return this.show();
    }
    const length = rows.reduce((most, row) => Math.max(most, row[3]), 0);
    // Without a click nobody meant the silence before and after it.
    const whole = this.recording.bpm === null ? [rows[0][2], length] : [0, this.seconds(performance.now())];
    for (const [index, slider] of [...this.root.querySelectorAll(".record-trim input")].entries())
      Object.assign(slider, { min: 0, max: whole[1].toFixed(2), value: whole[index].toFixed(2) });
    this.keep(...whole);
    this.deck.announce(this.find(".record-words").textContent);
    this.find(".record-use").focus();
  }

  /** What lies between two seconds of the recording is what would be used. */
  keep(from, until) {
    this.kept = this.recording.between(from, until);
    const rows = this.kept.rows();
    this.deck.player.pause();
    this.showRows(rows, Math.max(2, until - from));
    this.deck.load(null, false);
    this.say(".record-words", rows.length ? RECORDED(until - from, rows.length) : NOTHING_PLAYED);
    this.show();
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = URL.createObjectURL(this.file());
    Object.assign(this.find(".record-save"), { href: this.address, download: this.file().name });
  }

  trim(moved) {
    const [from, until] = this.root.querySelectorAll(".record-trim input");
    if (until.value - from.value < SHORTEST_TRIM_S) {
      if (moved === from) from.value = Math.max(0, until.value - SHORTEST_TRIM_S);
      else until.value = Math.min(Number(until.max), Number(from.value) + SHORTEST_TRIM_S);
    }
    for (const slider of [from, until]) slider.setAttribute("aria-valuetext", `${Number(slider.value).toFixed(1)} s`);
    this.keep(Number(from.value), Number(until.value));
  }

  file() {
    const now = new Date();
    const time = [now.getHours(), now.getMinutes()].map((part) => String(part).padStart(2, "0")).join(".");
    return new File([this.kept.midi()], `Played at ${time}.mid`, { type: "audio/midi" });
  }

  seconds(timeMs) {
    return this.zeroMs === null ? 0 : Math.max(0, (timeMs - this.zeroMs) / 1000);
  }

  /** The second of the recording that it is. */
  get now() {
    return this.seconds(performance.now());
  }

  press(pitch, velocity, time) {
    this.keyboard.light(pitch, true);
    if (!this.isBusy) return;
    this.zeroMs ??= time;
    if (this.state === "duet") this.duet.press(this.seconds(time));
    // Who anticipates the first beat a little means it.
    if (this.state === "counting" && time < this.zeroMs - 250) return;
    this.goOn();
    this.recording.press(pitch, velocity, this.seconds(time));
  }

  release(pitch, time) {
    this.keyboard.light(pitch, false);
    if (!this.isBusy) return;
    this.recording.release(pitch, this.seconds(time));
    if (this.state === "duet") this.duet.moved(this.seconds(time));
  }

  pedal(down, time) {
    if (!this.isBusy) return;
    if (this.state === "duet" && down && this.duet.pressPedal(this.seconds(time))) return;
    this.recording.setPedal(down, this.seconds(time));
    if (this.state === "duet") this.duet.moved(this.seconds(time));
  }

  goOn() {
    if (this.state === "recording" || this.state === "duet") return;
    this.state = "recording";
    this.show();
    this.say(".record-words", RECORDING_NOW);
  }

  /** Every frame while it records. */
  grow() {
    if (!this.isBusy) return;
    const now = this.seconds(performance.now());
    if (this.state === "counting" && now > 0) this.goOn();
    if (now > LONGEST_S) return this.stop();
    const { roll } = this.deck;
    const answers = this.state === "duet" ? this.duet.played : [];
    const heard = answers.filter((row) => row[2] <= now).map(([p, v, from, to]) => [p, v, from, Math.min(to, now)]);
    this.showRows(this.recording.rows(now), Math.max(10, now + 1), heard);
    if (now > SEEN_S - 2) {
      roll.fitted = false;
      roll.aim(now - SEEN_S + 2, SEEN_S);
    }
    roll.setPlayhead(now);
    requestAnimationFrame(() => this.grow());
  }

  showRows(rows, lengthS, answers = []) {
    this.deck.roll.fitted = true;
    this.deck.roll.show([rows, answers], null, lengthS);
  }

  show() {
    const start = this.find(".record-start");
    start.textContent = this.isBusy ? "Stop" : this.recording ? "Record again" : "Record";
    start.classList.toggle("recording", this.isBusy);
    const duet = this.find(".record-duet");
    duet.textContent = this.state === "duet" ? "End the duet" : "Duet";
    duet.hidden = this.isBusy && this.state !== "duet";
    start.hidden = this.state === "duet";
    this.root.dataset.state = this.state;
    const done = this.kept !== null && !this.isBusy && this.kept.rows().length > 0;
    this.find(".record-use").disabled = !done;
    this.find(".record-save").hidden = !done;
    this.find(".record-trim").hidden = !done;
  }

  say(part, sentence) {
    this.find(part).textContent = sentence;
  }
}
