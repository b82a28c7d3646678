// Two decks under each other: shows one value from Python (see compare_view.py).
// Before anything is made both show the seed: the value is then that of a stage.

const { Deck, Notes, OWN, isBusy, keep, lastEnd, playOnSpace, pressGenerate } = window.musictx;
const { takeSeeds, wireBegin, wireVolume } = window.musictx;
const find = (name) => element.querySelector(name);
const decks = [...element.querySelectorAll(".side")].map((side) => new Deck(side, () => showSwitches()));
wireVolume(find(".volume"), decks);
wireBegin(find(".begin"), decks);
const seedNotes = new Notes();
const INVITATION = "Press play to hear the seed, or Generate to continue it twice.";
const QUESTION = "Listen to both, then choose: only then is it said which is which.";
const WAITING = "Two continuations, in an order drawn by lot.";
const SIDE_BY_SIDE = "Listen to one and go on at the same second in the other.";
let notes = []; // one Notes a side: what has been settled
let picture = null; // the value on show
let answer = null; // who was who, once the visitor has chosen
let active = 0; // the deck that keys play
let grew = false; // the last picture was still growing
let announced = "";

const sides = () => picture?.sides ?? [null, null];
const label = (place) => sides()[place]?.label ?? (picture?.labels ?? ["A", "B"])[place];

function update() {
  const next = props.value;
  if (!next?.phase) return;
  if (next.phase === "answer") return showAnswer(next);
  // A late answer of an earlier press must not replace what came after it.
  if (picture && next.serial < picture.serial) return;
  const fresh = !picture || next.serial !== picture.serial;
  const began = next.phase === "working" && picture?.phase !== "working";
  const another = fresh && picture && next.phase === "seed" && !next.problem;
  if (fresh) {
    notes = [new Notes(), new Notes()];
    answer = null;
    for (const deck of decks) {
      deck.roll.fit();
      deck.player.load(null, false);
    }
  }
  picture = next;
  keep.put(next.kept);
  if (next.own) keep.write(OWN, next.own);
  decks.forEach((deck, place) => deck.call(label(place)));
  decks.forEach((deck, place) => showSide(deck, place, !fresh));
  showWords();
  showBallot();
  showSwitches();
  if (another) decks[0].announce(`New seed: ${picture.seed_summary}`);
  grew = picture.phase === "working";
  if (began && window.innerWidth < 800) decks[0].bringIntoSight(element, "start");
}

function showSide(deck, place, hold) {
  const side = sides()[place];
  showNotes(deck, place, side);
  deck.say(side?.made ? picture.join_s : null, side ? (side.made ? picture.sounding : "") : picture.sounding);
  const ask = picture.phase === "seed" && picture.seed ? () => trigger("hear") : null;
  const knownS = picture.phase === "working" && side ? picture.join_s + side.reached_s : null;
  deck.load((side ? side.audio : picture.seed_audio)?.url, hold, { ask, knownS });
  const waits = picture.phase === "working" && !side?.reached_s && !side?.problem;
  deck.find(".roll-wait").hidden = !waits;
  deck.find(".roll-wait-text").textContent = picture.wait;
  const general = place ? null : picture.problem; // what concerns both is said once
  deck.tell(side?.problem ? { title: "No music this time", text: side.problem, key: picture.serial } : general);
  deck.offer(side?.files ?? picture.files);
  deck.find(".files-note").textContent = side?.files_problem ?? "";
  showNames(deck, place);
}

function showNotes(deck, place, side) {
  const layers = [seedNotes.read(picture.seed).rows, []];
  if (side) layers[1] = notes[place].read(side.notes).rows.concat(new Notes().read(side.open).rows);
  const working = picture.phase === "working";
  const whole = working ? picture.join_s + picture.target_s : Math.max(lastEnd(layers), deck.player.length);
  deck.roll.show(layers, side?.made || working ? picture.join_s : null, whole + 0.3);
  if ((working || grew) && !deck.roll.held) deck.roll.fit();
  deck.find(".roll-progress i").style.transform = `scaleX(${working ? (side?.reached_s ?? 0) / picture.target_s : 0})`;
  deck.find(".roll-summary").textContent = side ? side.summary : picture.seed_summary;
}

function showNames(deck, place) {
  const named = answer?.sides[place] ?? sides()[place];
  deck.find(".side-label").textContent = named?.label ?? label(place);
  deck.find(".side-name").textContent = named?.name || (picture.hidden ? "hidden until you have chosen" : "");
  deck.find(".side-score").textContent = named?.score ?? "";
  deck.find(".side-facts").textContent = named?.facts ?? "";
  deck.box.setAttribute("aria-label", `Piano roll of ${label(place)}. Space plays, arrow keys move.`);
}

function showWords() {
  element.firstElementChild.dataset.phase = picture.phase;
  find(".stage-title").textContent = find(".stage-title").title = picture.title;
  find(".stage-status").textContent = picture.status;
  const waits = picture.phase === "working" && !sides().some((side) => side?.reached_s);
  const said = (waits && picture.wait) || picture.live; // who waits in the queue is told so
  if (said && said !== announced) decks[0].announce(said);
  announced = said;
}

function showBallot() {
  const asks = Boolean(picture.hidden) && picture.phase === "done" && !answer;
  find(".ballot").dataset.asks = String(asks);
  for (const button of element.querySelectorAll(".vote")) button.disabled = !asks;
  const made = picture.sides ? (picture.hidden ? (asks ? QUESTION : WAITING) : SIDE_BY_SIDE) : INVITATION;
  find(".ballot-words").textContent = answer?.words ?? made;
}

function showSwitches() {
  if (!picture) return;
  decks.forEach((deck, place) => {
    const button = deck.find(".switch");
    button.textContent = `Go on in ${label(1 - place)}`;
    button.disabled = !deck.player.can || !decks[1 - place].player.can || !picture.sides;
    if (deck.player.playing) active = place;
  });
}

/** The other one, from the same second on. */
function goOnIn(place) {
  const [from, to] = [decks[1 - place].player, decks[place].player];
  if (!from.can || !to.can || !picture.sides) return;
  active = place;
  from.pause();
  to.seek(from.time);
  to.play();
}

function showAnswer(next) {
  if (next.serial !== picture?.serial) return;
  answer = next;
  keep.put(next.kept);
  decks.forEach(showNames);
  showBallot();
}
