// The stage: shows one value from Python (see stage_view.py) with the roll and the player.
// Python sends the whole picture each time; Gradio sends only what differs.

const find = (name) => element.querySelector(name);
const box = find(".roll");
const roll = new Roll(box, find(".roll-base"), find(".roll-top"), find(".roll-head"));
box.roll = roll; // for the console and the tests
const player = new Player(find("audio"), showTime, showTransport);
const seedNotes = new Notes();
let takeNotes = []; // one Notes a take: what has been settled
let picture = null; // the value on show
let chosen = 0; // index of the take on show
let grew = false; // the last picture was still growing
let announced = "";
let dismissed = 0; // serial of the picture whose problem was closed

const take = () => picture?.takes[chosen] ?? null;
const sound = () => (take() ? take().audio : picture?.seed_audio) ?? null;

function update() {
  const next = props.value;
  // A late answer of an earlier press must not replace what came after it.
  if (!next || !next.phase || (picture && next.serial < picture.serial)) return;
  const fresh = !picture || next.serial !== picture.serial;
  const began = next.phase === "working" && picture?.phase !== "working";
  if (fresh) {
    takeNotes = [];
    chosen = 0;
    roll.fit();
    player.load(null, false);
  }
  picture = next;
  showNotes();
  showSound(!fresh);
  showWords();
  showTakes();
  showFiles();
  if (began) comeIntoSight();
}

function showNotes() {
  const current = take();
  const layers = [seedNotes.read(picture.seed).rows, []];
  picture.takes.forEach((each, index) => (takeNotes[index] ??= new Notes()).read(each.notes));
  if (current) layers[1] = takeNotes[chosen].rows.concat(new Notes().read(current.open).rows);
  const last = layers.flat().reduce((most, row) => Math.max(most, row[3]), 0);
  const working = picture.phase === "working";
  const whole = working ? picture.join_s + picture.target_s : Math.max(last, player.length);
  roll.show(layers, current || working ? picture.join_s : null, whole + 0.3);
  if (working && whole > 75) {
    // Too long to read at once: look at the growing end, zoom out when it is done.
    roll.fitted = false;
    roll.aim(picture.join_s + picture.reached_s - 34, 40);
  } else if (working || grew) roll.fit();
  grew = working;
  find(".roll-summary").textContent = current ? current.summary : picture.seed_summary;
}

function showSound(keep) {
  player.load(sound()?.url ?? null, keep);
  showTransport();
  if (player.url === null) roll.setPlayhead(null);
}

function showWords() {
  find(".stage-title").textContent = picture.title;
  find(".stage-status").textContent = picture.status;
  const working = picture.phase === "working";
  element.firstElementChild.dataset.phase = picture.phase;
  find(".roll-progress i").style.transform = `scaleX(${working ? picture.reached_s / picture.target_s : 0})`;
  find(".roll-wait").hidden = !(working && !picture.reached_s);
  find(".roll-wait-text").textContent = picture.wait;
  const problem = picture.serial === dismissed ? null : picture.problem;
  find(".roll-problem").hidden = !problem;
  find(".roll-problem-title").textContent = problem?.title ?? "";
  find(".roll-problem-text").textContent = problem?.text ?? "";
  if (picture.live !== announced) find(".stage-live").textContent = announced = picture.live;
}

function showTakes() {
  const tabs = find(".take-tabs");
  while (tabs.children.length > picture.takes.length) tabs.lastChild.remove();
  picture.takes.forEach((each, index) => {
    const tab = tabs.children[index] ?? tabs.appendChild(newTab(index));
    tab.textContent = each.label;
    tab.setAttribute("aria-selected", String(index === chosen));
    tab.tabIndex = index === chosen ? 0 : -1;
  });
  find(".take-facts").textContent = take()?.facts ?? picture.hint;
  find(".take-sharing").textContent = take()?.sharing ?? "";
  find(".again").hidden = !take() || picture.phase !== "done";
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
    choose((index + step + picture.takes.length) % picture.takes.length);
    find(".take-tabs").children[chosen].focus();
  });
  return tab;
}

function choose(index) {
  if (!picture.takes[index] || index === chosen) return;
  chosen = index;
  showNotes();
  showSound(true);
  showTakes();
  showFiles();
}

function showFiles() {
  const files = find(".files");
  const wanted = [...(take()?.files ?? picture.files), ...(picture.takes.length > 1 ? [picture.zip] : [])];
  while (files.children.length > wanted.length) files.lastChild.remove();
  wanted.forEach((file, index) => {
    const link = files.children[index] ?? files.appendChild(document.createElement("a"));
    link.textContent = file.label;
    link.title = file.hint;
    if (file.data?.url) {
      link.href = file.data.url;
      link.download = file.name;
    } else link.removeAttribute("href");
    link.setAttribute("aria-disabled", String(!file.data?.url));
  });
  find(".files-note").textContent = take()?.note ?? picture.note;
}

function showTransport() {
  const ready = Boolean(player.url);
  const waiting = picture?.sounding && !ready;
  for (const name of [".play", ".stop"]) find(name).disabled = !ready;
  find(".join").disabled = !ready || !take();
  const play = find(".play");
  play.classList.toggle("playing", player.playing);
  play.classList.toggle("waiting", Boolean(waiting));
  play.setAttribute("aria-label", player.playing ? "Pause" : "Play");
  find(".transport-note").textContent = waiting ? picture.sounding : "";
  find(".time-all").textContent = clock(player.length);
  box.setAttribute("aria-valuemax", player.length.toFixed(1));
  showTime(player.time);
}

function showTime(time) {
  if (!player.url) time = 0;
  const spoken = `${clock(time)} of ${clock(player.length)}`;
  if (box.getAttribute("aria-valuetext") !== spoken) { // once a second is enough for a screen reader
    find(".time-now").textContent = clock(time);
    box.setAttribute("aria-valuenow", time.toFixed(1));
    box.setAttribute("aria-valuetext", spoken);
  }
  if (!player.url) return;
  if (player.playing) roll.follow(time);
  roll.setPlayhead(time);
}

function comeIntoSight() {
  const { top, bottom } = box.getBoundingClientRect();
  if (top >= 0 && bottom <= window.innerHeight) return;
  if (window.innerWidth < 800) element.scrollIntoView({ behavior: roll.still.matches ? "auto" : "smooth", block: "start" });
}
