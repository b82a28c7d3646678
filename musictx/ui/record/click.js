// A metronome on the audio clock.

const CLICK_S = 0.03;
const CLICK_AHEAD_S = 0.2;

class Click {
  /** Beats of `bpm` from `startS` of the audio clock on, the first of each four stressed. */
  start(bpm, startS) {
    Object.assign(this, { beatS: 60 / bpm, startS, next: 0 });
    this.timer = setInterval(() => this.schedule(), 50);
    this.schedule();
  }

  schedule() {
    for (let at = this.time(this.next); at < sampler.now + CLICK_AHEAD_S; at = this.time(++this.next))
      beep(at, this.next % 4 === 0 ? 1760 : 1175);
  }

  time(beat) {
    return this.startS + beat * this.beatS;
  }

  stop() {
    clearInterval(this.timer);
  }
}

function beep(when, frequency) {
  const { context } = sampler;
  const tone = new OscillatorNode(context, { frequency });
  const gain = new GainNode(context, { gain: isMuted() ? 0 : 0.12 });
  gain.gain.setTargetAtTime(0, when + CLICK_S / 2, CLICK_S / 4);
  tone.connect(gain).connect(context.destination);
  tone.start(when);
  tone.stop(when + 4 * CLICK_S);
}
