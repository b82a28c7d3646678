// The player: one <audio>, a clock, and the buttons around it.

class Player {
  constructor(audio, onFrame, onState) {
    this.audio = audio;
    this.onFrame = onFrame; // (seconds) while playing and after each seek
    this.onState = onState; // () when playing, loading or ready changes
    this.url = null;
    this.ask = null; // how to get a url, where there is none before somebody wants to hear it
    this.asked = false;
    this.expected = 0; // seconds, before the file is known
    this.wanted = null; // where to go once the file is known
    this.playWhenReady = false;
    for (const event of ["play", "pause", "ended", "canplay", "loadedmetadata", "error", "emptied"])
      audio.addEventListener(event, () => this.changed(event));
    audio.addEventListener("seeked", () => this.onFrame(this.time));
  }

  get time() {
    return this.wanted ?? this.audio.currentTime;
  }

  get length() {
    return this.url && Number.isFinite(this.audio.duration) ? this.audio.duration : this.expected;
  }

  get playing() {
    return Boolean(this.url) && !this.audio.paused && !this.audio.ended;
  }

  /** Whether play does anything. */
  get can() {
    return Boolean(this.url || this.ask);
  }

  get ready() {
    return Boolean(this.url) && this.audio.readyState >= 1;
  }

  /** Another sound, or a way to ask for one. `hold` keeps position and playing, so that takes can be compared. */
  load(url, hold, ask = null, expected = 0) {
    this.expected = expected;
    if (url === this.url && (url || Boolean(ask) === Boolean(this.ask))) {
      this.ask = url ? null : ask;
      if (!hold) this.asked = false;
      return;
    }
    const [time, playing] = [this.time, this.playing || (hold && (this.playWhenReady || this.asked))];
    this.url = url;
    this.ask = url ? null : ask;
    this.asked = false;
    this.playWhenReady = hold && playing;
    this.wanted = hold && url ? time : null;
    if (url) this.audio.src = url;
    else this.audio.removeAttribute("src");
    this.audio.load();
    this.onState();
  }

  changed(event) {
    if (event === "loadedmetadata") {
      if (this.wanted !== null) this.audio.currentTime = Math.min(this.wanted, Math.max(0, this.length - 0.05));
      this.wanted = null;
      if (this.playWhenReady) this.play();
      this.playWhenReady = false;
    }
    if (event === "play") {
      this.silenceOthers();
      this.tick();
    }
    this.onState();
  }

  /** One sound at a time on the whole page: another tab is not heard on from behind. */
  silenceOthers() {
    for (const audio of document.querySelectorAll("audio")) if (audio !== this.audio) audio.pause();
  }

  tick() {
    this.onFrame(this.time);
    if (this.playing) requestAnimationFrame(() => this.tick());
  }

  play() {
    if (!this.url) return this.request();
    if (this.audio.ended || this.time > this.length - 0.05) this.seek(0);
    this.audio.play().catch(() => this.onState());
  }

  /** Asks for the sound, once; it plays when it is there. */
  request() {
    if (!this.ask || this.asked) return;
    this.asked = true;
    this.ask();
    this.onState();
  }

  pause() {
    this.asked = false;
    this.audio.pause();
  }

  toggle() {
    if (this.playing || this.asked) this.pause();
    else this.play();
  }

  stop() {
    this.pause();
    this.seek(0);
  }

  seek(seconds) {
    const target = clamp(seconds, 0, this.length || seconds);
    if (this.ready) this.audio.currentTime = target;
    else this.wanted = target;
    this.onFrame(target);
  }
}
