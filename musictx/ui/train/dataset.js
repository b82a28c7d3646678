// The Dataset step: files come in, a row a file. Shows one value from Python (see dataset_view.py).

const { AskBack, fillDefinitions, guardUploads, make } = window.musictx;
const find = (name) => element.querySelector(name);
const FIRST_ROWS = 100; // of thousands: the rest is one click away
const PLAY = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5.5v13l11-6.5z"/></svg>';
const SENDING_MS = 300_000; // then an upload that was broken off is not said to be on its way any more
const deletion = new AskBack(
  element,
  find(".remove"),
  () => trigger("remove", { dataset: step.chosen }),
  (asking) => {
    find(".pick label").hidden = find(".remove").hidden = asking;
  },
);
let step = null; // the value on show
let everything = ""; // id of the dataset whose rows are all shown
let sending = 0; // the timer of an upload that is on its way
let heard = "";

function update() {
  const next = props.value;
  if (!next?.phase) return;
  clearTimeout(sending);
  const before = step;
  step = next;
  find(".dataset").dataset.phase = step.phase;
  find(".drop-limit").textContent = step.limit;
  find(".drop-words").textContent =
    step.phase === "report" ? "Drop more here for another dataset" : "Drop your pieces here";
  showReading(step.reading);
  find(".problem").hidden = !step.problem;
  find(".problem").textContent = step.problem;
  find(".found").hidden = step.phase !== "report";
  deletion.show(false);
  if (step.phase !== "report") return;
  showPicker();
  find(".expectation").textContent = step.expectation;
  fillDefinitions(find(".totals"), step.facts, "total");
  find(".warnings").replaceChildren(...step.warnings.map((words) => make("p", "warning", words)));
  if (JSON.stringify(before?.rows) !== JSON.stringify(step.rows)) showRows();
}

function showReading(words) {
  find(".reading").hidden = !words;
  find(".reading-words").textContent = words;
}

function showPicker() {
  const picker = find(".datasets");
  picker.replaceChildren(...step.datasets.map(({ id, name }) => new Option(name, id, false, id === step.chosen)));
}

function showRows() {
  const rows = everything === step.chosen ? step.rows : step.rows.slice(0, FIRST_ROWS);
  const focused = document.activeElement?.closest?.(".piece")?.dataset.file;
  const inSelect = document.activeElement?.matches?.(".split");
  const list = find(".rows");
  list.replaceChildren(...rows.map(row));
  const more = find(".all");
  more.hidden = rows.length === step.rows.length;
  more.textContent = `Show all ${step.rows.length.toLocaleString("en")} files`;
  if (focused === undefined) return;
  const same = [...list.children].find((each) => each.dataset.file === focused);
  same?.querySelector(inSelect ? ".split" : ".hear")?.focus();
}

function row(piece) {
  const line = make("li", "piece");
  line.dataset.file = piece.file;
  line.dataset.verdict = piece.verdict;
  line.classList.toggle("heard", piece.file === heard);
  const play = make("button", "square hear");
  play.type = "button";
  play.innerHTML = PLAY;
  play.disabled = !piece.heard;
  play.setAttribute("aria-label", `Listen to ${piece.file}`);
  play.addEventListener("click", () => listen(piece.file));
  const words = make("div", "piece-words");
  const name = make("span", "piece-name", piece.file);
  name.title = piece.file;
  words.append(name);
  const facts = make("span", "piece-facts");
  facts.append(...piece.facts.map((each) => make("span", "", each)));
  if (piece.facts.length) words.append(facts);
  if (piece.words) {
    const verdict = make("span", "piece-verdict");
    verdict.append(make("b", "", piece.words), ` ${piece.reason}`);
    words.append(verdict);
  }
  line.append(play, words);
  if (piece.split) line.append(splitOf(piece));
  else line.append(make("span", "left-out", "left out"));
  return line;
}

function splitOf(piece) {
  const split = make("select", "split");
  split.setAttribute("aria-label", `Split of ${piece.file}`);
  for (const [value, words] of [
    ["train", "Training"],
    ["validation", "Validation"],
  ])
    split.add(new Option(words, value, false, value === piece.split));
  split.addEventListener("change", () => {
    trigger("move", { file: piece.file, split: split.value });
    split.value = piece.split; // until the answer comes: a refused move must not look done
  });
  return split;
}

function listen(file) {
  heard = file;
  for (const line of find(".rows").children) line.classList.toggle("heard", line.dataset.file === file);
  document.dispatchEvent(new CustomEvent("musictx-wanted", { detail: "row" }));
  trigger("listen", { file });
}

find(".datasets").addEventListener("change", (event) => trigger("choose", { dataset: event.target.value }));
find(".all").addEventListener("click", () => {
  everything = step.chosen;
  showRows();
});

// Files dropped anywhere on the step go the way of the button.
guardUploads(element.closest("#train-dataset") ?? element, {
  findInput: () => document.querySelector("#train-dataset input[type=file]"),
  limits: () => step.takes,
  mark: (over) => find(".drop").classList.toggle("dropping", over),
  refuse: (refusal) => trigger("refuse", refusal),
  accept: (files) => {
    showReading(`Sending ${files.length === 1 ? files[0].name : `${files.length} files`}…`);
    sending = setTimeout(() => showReading(""), SENDING_MS);
  },
});
find(".drop").addEventListener("click", () => document.querySelector("#add-music")?.click());

watch("value", update);
update();
