// What is played by hand, on whatever: it sounds at once, its keys light up, and whoever listens is told.

class Hands {
  /** `listeners` have press, release, pedal and letGo as this has, or some of them. */
  constructor(listeners = []) {
    this.listeners = listeners;
    this.voices = new Map(); // pitch -> what sounds and whose key is down
    this.ringing = new Set(); // what the pedal holds
    this.isPedalDown = false;
    this.channel = null;
  }

  press(pitch, velocity, time) {
    sampler.wake();
    this.voices.get(pitch)?.release(sampler.now);
    if (sampler.ready) {
      this.channel ??= sampler.channel();
      this.channel.gain.value = isMuted() ? 0 : 1;
      this.voices.set(pitch, sampler.strike(pitch, velocity, sampler.now, this.channel));
    }
    this.tell("press", pitch, velocity, time);
  }

  release(pitch, time) {
    const voice = this.voices.get(pitch);
    this.voices.delete(pitch);
    if (voice && this.isPedalDown) this.ringing.add(voice);
    else voice?.release(sampler.now);
    this.tell("release", pitch, time);
  }

  pedal(down, time) {
    this.isPedalDown = down;
    if (!down) {
      for (const voice of this.ringing) voice.release(sampler.now);
      this.ringing.clear();
    }
    this.tell("pedal", down, time);
  }

  /** Every key and the pedal. */
  letGo(time) {
    for (const pitch of [...this.voices.keys()]) this.release(pitch, time);
    this.pedal(false, time);
  }

  tell(what, ...values) {
    for (const listener of this.listeners) listener[what]?.(...values);
  }
}
