// The Train tab's player: a file of the dataset, a run's sample, or two continuations to compare.
// Shows one value from Python (see listen_view.py) with the roll and the player of the stage.

const find = (name) => element.querySelector(name);
const box = find(".roll");
const roll = new Roll(box, find(".roll-base"), find(".roll-top"), find(".roll-head"));
box.roll = roll; // for the console and the tests
const player = new Player(find("audio"), showTime, showTransport);
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
    player.play();
  }
}

function showNotes() {
  const now = piece();
  const layers = [now ? new Notes().read(now.seed).rows : [], now ? new Notes().read(now.notes).rows : []];
  const last = layers.flat().reduce((most, row) => Math.max(most, row[3]), 0);
  roll.show(layers, now?.join_s ?? null, last + 0.3);
  find(".roll-summary").textContent = now?.summary ?? "";
}

function showWords() {
  const stage = find(".stage");
  [stage.dataset.phase, stage.dataset.kind, stage.dataset.key] = [shown.phase, shown.kind, shown.key];
  find(".stage-title").textContent = shown.title;
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
  while (tabs.children.length > shown.pieces.length) tabs.lastChild.remove();
  shown.pieces.forEach((each, index) => {
    const tab = tabs.children[index] ?? tabs.appendChild(newTab(index));
    const mine = answer && answer.mine === each.label.toLowerCase();
    tab.textContent = answer ? `${each.label} · ${mine ? "yours" : "before"}` : each.label;
    tab.setAttribute("aria-selected", String(index === chosen));
    tab.tabIndex = index === chosen ? 0 : -1;
  });
}

function newTab(index) {
  const tab = document.createElement("button");
  tab.type = "button";
  tab.setAttribute("role", "tab");
  tab.addEventListener("click", () => choose(index));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.stopPropagation();
    choose((index + step + shown.pieces.length) % shown.pieces.length);
    find(".versions").children[chosen].focus();
  });
  return tab;
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
  player.load(piece()?.audio?.url ?? null, keep);
  const files = (piece()?.files ?? []).filter((file) => file.data?.url);
  find(".files").replaceChildren(...files.map((file) => {
    const link = document.createElement("a");
    [link.href, link.download, link.textContent, link.title] = [file.data.url, file.name, file.label, file.hint];
    return link;
  }));
  showTransport();
  if (player.url === null) roll.setPlayhead(null);
}

function showTransport() {
  if (later && !player.playing) return update();
  const ready = Boolean(player.url);
  const waiting = !ready && shown?.phase === "ready" && shown.sounding.endsWith("…");
  find(".play").disabled = !ready;
  find(".join").disabled = !ready || piece()?.join_s == null;
  const play = find(".play");
  play.classList.toggle("playing", player.playing);
  play.classList.toggle("waiting", Boolean(waiting));
  play.setAttribute("aria-label", player.playing ? "Pause" : "Play");
  find(".transport-note").textContent = shown?.phase === "ready" ? shown.sounding || piece()?.facts || "" : "";
  find(".time-all").textContent = clock(player.length);
  box.setAttribute("aria-valuemax", player.length.toFixed(1));
  showTime(player.time);
}

function showTime(time) {
  if (!player.url) time = 0;
  const spoken = `${clock(time)} of ${clock(player.length)}`;
  if (box.getAttribute("aria-valuetext") !== spoken) {
    find(".time-now").textContent = clock(time);
    box.setAttribute("aria-valuenow", time.toFixed(1));
    box.setAttribute("aria-valuetext", spoken);
  }
  if (!player.url) return;
  if (player.playing) roll.follow(time);
  roll.setPlayhead(time);
}
