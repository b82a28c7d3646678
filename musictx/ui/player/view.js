// What part of the music a roll shows: {from, span} in seconds, {low, high} in semitones. Arithmetic alone.

const SHORTEST_S = 2; // no view is closer
const FEWEST_PITCHES = 36; // three octaves
const EMPTY_PITCHES = [48, 84];

/** `span` seconds from `from` on, moved and cut so that they lie within music of `lengthS` seconds. */
function within(from, span, lengthS) {
  const shown = clamp(span, SHORTEST_S, Math.max(SHORTEST_S, lengthS));
  return { from: clamp(from, 0, Math.max(0, lengthS - shown)), span: shown };
}

/** `factor` times closer around `centreS`, which keeps its place; not yet within the music. */
function zoomed({ from, span }, factor, centreS) {
  const share = clamp((centreS - from) / span, 0, 1);
  return { from: centreS - (share * span) / factor, span: span / factor };
}

/** Fingers have moved from `grip` to `now`, `left` and `across` being the roll's notes in pixels: what was under them stays there. */
function dragged(grip, now, left, across, lengthS) {
  const closer = now.count > 1 && now.apart > 1 ? Math.max(grip.apart, 1) / now.apart : 1;
  const span = clamp(grip.span * closer, SHORTEST_S, Math.max(SHORTEST_S, lengthS));
  const under = grip.from + ((grip.x - left) / across) * grip.span;
  return { from: under - ((now.x - left) / across) * span, span };
}

/** The pitches to show for these layers of notes, with some to spare on both sides. */
function pitchRange(layers) {
  let low = 127;
  let high = 0;
  for (const [pitch] of layers.flat()) {
    low = Math.min(low, pitch);
    high = Math.max(high, pitch);
  }
  if (low > high) [low, high] = EMPTY_PITCHES;
  const spare = Math.max(3, Math.ceil((FEWEST_PITCHES - (high - low)) / 2));
  return { low: Math.max(0, low - spare), high: Math.min(127, high + spare) };
}

/** Where the view goes to keep `timeS` in sight: it glides along or, where motion is unwelcome, turns pages. */
function following({ from, span }, timeS, byPages) {
  if (!byPages) return timeS - 0.35 * span;
  return timeS < from || timeS > from + span * 0.95 ? timeS - 0.05 * span : from;
}

/** A second in pixels from the left, notes being `across` wide and beginning at `left`; and the other way round. */
const timeToX = ({ from, span }, timeS, left, across) => left + ((timeS - from) / span) * across;
const xToTime = ({ from, span }, x, left, across) => from + ((x - left) / across) * span;

/** The lower edge of a pitch in pixels from the top, of `height`. */
const pitchToY = ({ low, high }, pitch, height) => ((high + 1 - pitch) / (high + 1 - low)) * height;
