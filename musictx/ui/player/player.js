// The player of one piece of music: its rendered file in an <audio> where there is one, else its notes on the sampler.
// What sounds when the file comes goes on as it is; the next play is that of the file.

const players = new Set(); // all of the page

class Player {
  constructor(audio, onFrame, onState) {
    this.audio = audio;
    this.onFrame = onFrame; // (seconds) while playing and after each seek
    this.onState = onState; // () when playing, loading or ready changes
    this.live = new LiveNotes(sampler, () => this.changed(this.live.playing ? "play" : "pause"));
    this.isLive = false; // which of the two it stands on
    this.url = null;
    this.ask = null; // how to get a url, where there is none before somebody wants to hear it
    this.asked = false; // it plays as soon as there is something to play from
    this.expected = 0; // seconds, before the file is known
    this.wanted = null; // where to go once the file is known
    this.playWhenReady = false;
    for (const event of ["play", "pause", "ended", "canplay", "loadedmetadata", "error", "emptied"])
      audio.addEventListener(event, () => this.changed(event));
    audio.addEventListener("seeked", () => this.onFrame(this.time));
    sampler.listeners.add(() => this.samplesChanged());
    players.add(this);
  }

  get time() {
    return this.isLive ? this.live.time : (this.wanted ?? this.audio.currentTime);
  }

  get length() {
    return this.url && Number.isFinite(this.audio.duration) ? this.audio.duration : this.expected;
  }

  get playing() {
    return this.isLive ? this.live.playing : Boolean(this.url) && !this.audio.paused && !this.audio.ended;
  }

  /** Whether it has come to the end of its music. */
  get ended() {
    return !this.playing && this.time > this.length - 0.05;
  }

  /** Whether play does anything. */
  get can() {
    return Boolean(this.url || this.hasNotes || this.ask);
  }

  /** Whether there are notes that can be played as they are. */
  get hasNotes() {
    return sampler.can && this.live.rows.length > 0;
  }

  get ready() {
    return Boolean(this.url) && this.audio.readyState >= 1;
  }

  /** Loudness from 0 to 1, of both. */
  setLevel(level) {
    this.audio.volume = level;
    this.live.setLevel(level);
  }

  /** Another sound, or a way to ask for one. `hold` keeps position and playing, so that takes can be compared. */
  load(url, hold, ask = null, expected = 0) {
    this.expected = expected;
    if (!hold) this.leaveNotes(0);
    if (url === this.url && (url || Boolean(ask) === Boolean(this.ask))) {
      this.ask = url ? null : ask;
      if (!hold) this.asked = false;
      return;
    }
    const goesOn = this.isLive && this.live.playing;
    const [time, playing] = [this.time, this.playing || (hold && (this.playWhenReady || this.asked))];
    this.url = url;
    this.ask = url ? null : ask;
    this.asked = false;
    this.playWhenReady = hold && playing && !goesOn && Boolean(url);
    this.wanted = hold && url && !goesOn ? time : null;
    if (url && !goesOn) this.isLive = false;
    if (url) this.audio.src = url;
    else this.audio.removeAttribute("src");
    this.audio.load();
    if (!url && hold && !goesOn && this.hasNotes && sampler.ready) {
      this.isLive = true;
      this.live.seek(time);
      if (playing) this.live.play();
    }
    this.onState();
  }

  /** Other notes in the place of those that were given: they go on at the same second. */
  exchange() {
    if (this.live.playing) this.live.play(this.live.time);
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
    document.dispatchEvent(new CustomEvent("musictx-sound", { detail: { player: this, event } }));
  }

  samplesChanged() {
    if (this.asked && this.hasNotes && sampler.ready && !this.url) {
      this.asked = false;
      this.playNotes(this.time);
    } else if (this.asked && sampler.state === "failed" && this.ask) this.ask();
    this.onState();
  }

  /** One sound at a time on the whole page: another tab is not heard on from behind. */
  silenceOthers() {
    for (const player of players) if (player !== this && player.playing) player.pause();
  }

  tick() {
    this.onFrame(this.time);
    if (this.playing) requestAnimationFrame(() => this.tick());
  }

  play() {
    if (this.isLive && this.url) this.leaveNotes(this.ended ? 0 : this.live.time);
    if (!this.url) return this.hasNotes ? this.playNotes(this.ended ? 0 : this.time) : this.request();
    if (this.audio.ended || this.time > this.length - 0.05) this.seek(0);
    this.audio.play().catch(() => this.onState());
  }

  /** Plays the notes from that second on, as soon as the samples are there. */
  playNotes(from) {
    sampler.wake();
    if (!sampler.ready) {
      sampler.prepare(LIMITS.soundfont);
      this.asked = true;
      return this.onState();
    }
    this.isLive = true;
    this.wanted = null;
    this.live.play(from);
  }

  /** From now on it stands on the file, at that second. */
  leaveNotes(time) {
    if (!this.isLive) return;
    this.live.pause();
    this.live.seek(0);
    this.isLive = false;
    if (this.ready) this.audio.currentTime = time;
    else this.wanted = time || null;
  }

  /** Asks for the sound, once; it plays when it is there. */
  request() {
    if (!this.ask || this.asked) return;
    this.asked = true;
    this.ask();
    this.onState();
  }

  pause() {
    this.asked = this.playWhenReady = false;
    if (this.isLive) this.live.pause();
    else this.audio.pause();
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
    if (!this.url && this.hasNotes) this.isLive = true;
    if (this.isLive) this.live.seek(target);
    else if (this.ready) this.audio.currentTime = target;
    else this.wanted = target;
    this.onFrame(target);
  }
}
