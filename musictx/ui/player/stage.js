// The stage: shows one value from Python (see stage_view.py) on a deck.
// Python sends the whole picture each time; Gradio sends only what differs.

const {
  CHANGED,
  Deck,
  Notes,
  NUDGE_S,
  OWN,
  Pick,
  Range,
  Recorder,
  SHOWN,
  bringSeed,
  clock,
  isBusy,
  isMuted,
  keep,
  lastEnd,
  make,
  noteName,
  sampler,
} = window.musictx;
const { playOnSpace, pressGenerate, pressTwice, showTabs, takeSeeds, wireBegin, wireVolume } = window.musictx;
const BEFORE_S = 0.05; // silence before the first note of what is heard as it comes
const PLAYED = "Your recording";
const find = (name) => element.querySelector(name);
const deck = new Deck(element);
const { roll, player } = deck;
wireVolume(find(".volume"), [deck]);
wireBegin(find(".begin"), [deck]);
const recorder = new Recorder(find(".record"), deck, {
  use: (file) => bringSeed(element, file),
  closed: showMusic,
  ask: (question) => trigger("answer", question),
  hush: () => trigger("hush"),
});
const seedNotes = new Notes();
let takeNotes = []; // one Notes a take: what has been settled
let picture = null; // the value on show
let chosen = 0; // index of the take on show
let grew = false; // the last picture was still growing
let listens = false; // the take that grows is heard as soon as it has a note
let announced = "";

const take = () => picture?.takes[chosen] ?? null;
const joinS = () => take()?.join_s ?? picture.join_s; // of the take on show: its seed may be another one by now
const sound = () => (take() ? take().audio : picture?.seed_audio) ?? null;
/** A seed is rendered when somebody wants to hear it. */
const onDemand = () => (picture?.phase === "seed" && picture.seed ? () => trigger("hear") : null);

function update() {
  const next = props.value;
  // A late answer of an earlier press must not replace what came after it.
  if (next?.phase === "duet") return recorder.duet.receive({ ...next, rows: new Notes().read(next.notes).rows });
  if (!next?.phase || (picture && next.serial < picture.serial)) return;
  const first = !picture;
  const fresh = first || next.serial !== picture.serial;
  const began = next.phase === "working" && picture?.phase !== "working";
  if (began) listens = true; // what is asked for here is heard as it comes
  const another = fresh && picture && next.phase === "seed" && !next.problem;
  const goesOn = fresh && !first && next.piece === picture.piece; // another take of the same piece
  const more = next.takes.length !== (picture?.takes.length ?? 0);
  if (fresh && !first) recorder.close();
  if (fresh) takeNotes = [];
  if (fresh || more) chosen = Math.max(0, Math.min(next.chosen, next.takes.length - 1));
  if (fresh && !goesOn) {
    roll.fit();
    range.clear();
    pick.set(null);
    player.load(null, false);
  }
  picture = next;
  keep.put(next.kept);
  if (next.own) keep.write(OWN, next.own);
  showNotes();
  showSound(!fresh || goesOn);
  if (more) player.exchange();
  listenIn();
  showWords();
  showTakes();
  showDownloads();
  showWork();
  if (fresh) showEarlier();
  if (!first) noteShown();
  if (another) deck.announce(`New seed: ${picture.seed_summary}`);
  if (began && window.innerWidth < 800) deck.bringIntoSight(element, "start");
}

/** Roll and player as the picture has them, once nothing else is on them. */
function showMusic() {
  roll.fit();
  showNotes();
  showSound(false);
  showWords();
}

function showNotes() {
  if (recorder.isOpen) return;
  const current = take();
  const layers = [seedNotes.read(current?.seed ?? picture.seed).rows, []];
  picture.takes.forEach((each, index) => (takeNotes[index] ??= new Notes()).read(each.notes));
  if (current) layers[1] = takeNotes[chosen].rows.concat(new Notes().read(current.open).rows);
  const working = picture.phase === "working";
  const growing = working && picture.known_s !== null;
  const whole = Math.max(lastEnd(layers), growing ? joinS() + picture.target_s : player.length);
  roll.show(layers, current || working ? joinS() : null, whole + 0.3);
  if (roll.held || player.playing)
    roll.invalidate(); // the visitor is looking elsewhere
  else if (growing && whole > 75) {
    // Too long to read at once: look at the growing end, zoom out when it is done.
    roll.fitted = false;
    roll.aim(picture.known_s - 34, 40);
  } else if (working || grew) roll.fit();
  grew = working;
  find(".roll-summary").textContent = current ? current.summary : picture.seed_summary;
}

/** `hold`: position and playing, where the same music goes on. */
function showSound(hold) {
  if (recorder.isOpen) return;
  deck.say(take() ? joinS() : null, picture.sounding);
  deck.load(sound()?.url, hold, { ask: onDemand(), knownS: picture.known_s });
}

/** Plays the new music from its first note on, as soon as there is one; a later press on pause is not undone. */
function listenIn() {
  if (!listens || recorder.isOpen || !element.offsetParent) return;
  if (picture.phase === "working" && picture.known_s === null) return; // nothing new is on show yet
  const from = picture.heard_from_s ?? picture.join_s;
  const later = roll.layers.flat().filter((row) => row[2] >= from);
  const first = later.reduce((least, row) => Math.min(least, row[2]), Number.POSITIVE_INFINITY);
  if (!Number.isFinite(first)) return;
  listens = false;
  if (!player.playing && !isMuted() && sampler.ready) player.playNotes(Math.max(from, first - BEFORE_S));
}

function showWords() {
  const title = recorder.isOpen ? PLAYED : picture.title;
  find(".stage-title").textContent = find(".stage-title").title = title;
  find(".stage-status").textContent = recorder.isOpen ? "" : picture.status;
  const working = picture.phase === "working";
  element.firstElementChild.dataset.phase = picture.phase;
  find(".roll-progress i").style.transform = `scaleX(${working ? picture.reached_s / picture.target_s : 0})`;
  find(".roll-wait").hidden = !(working && !picture.reached_s && picture.wait);
  find(".roll-wait-text").textContent = picture.wait;
  deck.tell(picture.problem);
  const said = (working && !picture.reached_s && picture.wait) || picture.live; // who waits in the queue is told so
  if (said && said !== announced) deck.announce(said);
  announced = said;
}

function showTakes() {
  showTabs(
    find(".take-tabs"),
    picture.takes.map((each) => (each.favourite ? `★ ${each.label}` : each.label)),
    chosen,
    choose,
  );
  find(".take-facts").textContent = take()?.facts ?? (picture.no_sound || picture.hint);
  find(".take-sharing").textContent = take()?.sharing ?? "";
  find(".again").hidden = !take() || picture.phase !== "done";
  find(".restore").hidden = picture.phase !== "seed" || !picture.restorable;
}

function choose(index) {
  if (!picture.takes[index] || index === chosen || recorder.isOpen) return;
  pick.set(null);
  chosen = index;
  showNotes();
  showSound(true);
  player.exchange();
  showTakes();
  showDownloads();
  showWork();
}

function showDownloads() {
  deck.offer([...(take()?.files ?? picture.files), ...(picture.takes.length > 1 ? [picture.zip] : [])]);
  find(".files-note").textContent = take()?.files_problem ?? "";
}
