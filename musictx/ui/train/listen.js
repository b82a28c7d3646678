// The Train tab's player: a file of the dataset, a run's sample, or two continuations to compare.
// Shows one value from Python (see listen_view.py) on a deck.

const { Deck, Notes, lastEnd, playOnSpace, showTabs, wireBegin } = window.musictx;
const find = (name) => element.querySelector(name);
const deck = new Deck(element, () => later && !player.playing && update());
const { box, roll, player } = deck;
wireBegin(find(".begin"), [deck]);
let shown = null; // the value on show
let chosen = 0; // index of the piece on show
let answer = null; // of the duel on show
let wanted = ""; // kind that was asked for by hand, to be played once its sound is there
let later = false; // a new sample came by itself while another piece was playing

const piece = () => shown?.pieces[chosen] ?? null;

function update() {
  const next = props.value;
  if (!next?.phase) return;
  if (next.phase === "answer") return showAnswer(next);
  if (shown && next.serial < shown.serial) return; // what was asked for earlier comes late
  const fresh = !shown || next.serial !== shown.serial;
  later = fresh && player.playing && wanted !== next.kind;
  if (later) return; // nobody is interrupted
  if (fresh) {
    [chosen, answer] = [0, null];
    roll.fit();
    player.load(null, false);
  }
  shown = next;
  showNotes();
  showWords();
  showVersions();
  showSound(!fresh);
  if (piece()?.audio?.url && wanted === shown.kind) {
    wanted = "";
    if (!player.playing) deck.toggle();
  }
}

function showNotes() {
  const now = piece();
  const layers = [now ? new Notes().read(now.seed).rows : [], now ? new Notes().read(now.notes).rows : []];
  roll.show(layers, now?.join_s ?? null, lastEnd(layers) + 0.3);
  find(".roll-summary").textContent = now?.summary ?? "";
}

function showWords() {
  const stage = find(".stage");
  [stage.dataset.phase, stage.dataset.kind, stage.dataset.key] = [shown.phase, shown.kind, shown.key];
  find(".stage-title").textContent = find(".stage-title").title = shown.title;
  find(".stage-legend").hidden = piece()?.join_s == null;
  find(".roll-empty").hidden = shown.phase !== "empty";
  find(".roll-work").hidden = shown.phase !== "working";
  find(".roll-work-text").textContent = shown.wait;
  find(".roll-progress i").style.transform = `scaleX(${shown.phase === "working" ? shown.share : 0})`;
  find(".roll-problem").hidden = shown.phase !== "failed";
  find(".roll-problem-text").textContent = shown.problem;
  showGuess();
}

function showVersions() {
  const tabs = find(".versions");
  tabs.hidden = shown.pieces.length < 2;
  const labels = shown.pieces.map(({ label }) => {
    if (!answer) return label;
    return `${label} · ${answer.mine === label.toLowerCase() ? "yours" : "before"}`;
  });
  showTabs(tabs, labels, chosen, choose);
}

/** The other piece, at the same place and still playing: so they can be compared. */
function choose(index) {
  if (!shown.pieces[index] || index === chosen) return;
  chosen = index;
  showNotes();
  showVersions();
  showSound(true);
}

function showGuess() {
  find(".guess").hidden = !shown.duel_id || shown.phase !== "ready";
  find(".guess-buttons").hidden = Boolean(answer);
  find(".guess-words").textContent = answer
    ? `${answer.words} ${answer.score}.`
    : "Both continue the same passage, one with the weights from before the run, one with yours. Listen to both, then guess.";
}

function showAnswer(next) {
  if (next.duel_id !== shown?.duel_id) return;
  answer = next.answer;
  showGuess();
  showVersions();
}

function showSound(keep) {
  const ready = shown.phase === "ready";
  const words = shown.no_sound || shown.sounding || piece()?.facts || "";
  deck.say(piece()?.join_s ?? null, ready ? shown.sounding : "", ready ? words : "");
  deck.load(piece()?.audio?.url, keep);
  deck.offer((piece()?.files ?? []).filter((file) => file.data?.url));
}
