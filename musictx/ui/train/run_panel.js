// The run panel: status, curves, samples, result. Shows one value from Python (see run_view.py), again at each tick.

const { AskBack, make, scrollIntoSight } = window.musictx;
const find = (name) => element.querySelector(name);
const plot = new CurvePlot(find(".curves"), find(".plot-tip"));
find(".curves").plot = plot; // for the console and the tests
const deletion = new AskBack(
  element,
  find(".delete"),
  () => trigger("remove"),
  () => run && showHead(),
);
let run = null; // the value on show
let heard = null; // step of the sample in the player
let follows = true; // the newest sample goes into the player by itself

const text = (name, words) => {
  const box = find(name);
  if (box.textContent !== words) box.textContent = words;
};
const visible = (name, shown) => (find(name).hidden = !shown);

function update() {
  const next = props.value;
  if (!next?.phase || (run && next.serial < run.serial)) return;
  const other = next.chosen !== run?.chosen;
  const begun = run && other && next.can?.stop;
  run = next;
  find(".run").dataset.phase = run.phase;
  visible(".nothing", run.phase === "none" && !run.problem);
  visible(".problem", Boolean(run.problem));
  text(".problem", run.problem);
  visible(".there", run.phase !== "none");
  if (run.phase === "none") return;
  if (other) fresh();
  showHead();
  showNotes();
  showPlot();
  showSamples();
  if (begun) scrollIntoSight(element, "nearest"); // on a narrow screen the panel is far below Start
}

/** Another run: nothing of the last one stays. */
function fresh() {
  [heard, follows] = [null, true];
  deletion.box.hidden = true;
}

function showHead() {
  const picker = find(".runs");
  const options = JSON.stringify([run.runs, run.chosen]);
  if (picker.dataset.options !== options) {
    picker.dataset.options = options;
    picker.replaceChildren(
      ...run.runs.map(({ id, name, status }) => new Option(`${name} · ${status}`, id, false, id === run.chosen)),
    );
  }
  text(".status", run.status);
  text(".facts", run.facts);
  const percent = Math.round(run.progress * 100);
  find(".bar i").style.transform = `scaleX(${run.progress})`;
  find(".bar").setAttribute("aria-valuenow", percent);
  const asking = deletion.isAsking;
  visible(".stop", run.can.stop && !asking);
  for (const name of [".stop", ".resume", ".go-on"]) find(name).disabled = false;
  visible(".resume", run.can.resume && !run.can.longer && !asking);
  find(".more").max = run.most_more;
  visible(".longer", run.can.longer && !asking);
  visible(".delete", run.can.delete && !asking);
  if (asking && !run.can.delete) deletion.show(false);
}

function showNotes() {
  visible(".error", Boolean(run.error));
  text(".error-words", run.error);
  const notes = [...run.advice, run.memorised].filter(Boolean);
  const shown = JSON.stringify(notes);
  if (find(".notes").dataset.notes !== shown) {
    find(".notes").dataset.notes = shown;
    find(".notes").replaceChildren(...notes.map((words) => make("p", "", words)));
  }
}

function showPlot() {
  visible(".plot-wait", Boolean(run.wait));
  text(".plot-wait", run.wait);
  visible(".legend", !run.wait);
  visible(".base-key", run.base_nll !== null);
  plot.show(run);
  const last = (curve) => (curve.smoothed.length ? curve.smoothed.at(-1).toFixed(3) : "none yet");
  const before = run.base_nll === null ? "" : `, before the run ${run.base_nll.toFixed(3)}`;
  find(".curves").setAttribute(
    "aria-label",
    `NLL by step. Training ${last(run.training)}, validation ${last(run.validation)}${before}. Arrow keys read the curves.`,
  );
}

function showSamples() {
  visible(".samples", run.samples.length > 0);
  const chips = find(".chips");
  while (chips.children.length > run.samples.length) chips.lastChild.remove();
  run.samples.forEach((step, index) => {
    const chip = chips.children[index] ?? chips.appendChild(newChip());
    if (chip.dataset.step !== String(step)) {
      chip.dataset.step = step;
      chip.setAttribute("aria-label", `Hear the sample of step ${step}`);
      chip.textContent = step.toLocaleString("en");
    }
    chip.classList.toggle("best", step === run.best_step);
    chip.setAttribute("aria-pressed", String(step === heard));
  });
  const newest = run.samples.at(-1);
  if (newest !== undefined && newest !== heard && follows && playerIsFree()) listen(newest);
}

/** Nothing is playing, and neither a file of the dataset nor a comparison is on show. */
function playerIsFree() {
  const player = document.querySelector("#listen .stage");
  return (
    player &&
    element.offsetParent &&
    ["", "sample"].includes(player.dataset.kind ?? "") &&
    player.querySelector("audio").paused
  );
}

function newChip() {
  const chip = make("button");
  chip.type = "button";
  chip.addEventListener("click", () => {
    follows = Number(chip.dataset.step) === run.samples.at(-1);
    document.dispatchEvent(new CustomEvent("musictx-wanted", { detail: "sample" }));
    listen(Number(chip.dataset.step));
  });
  return chip;
}

function listen(step) {
  heard = step;
  for (const chip of find(".chips").children)
    chip.setAttribute("aria-pressed", String(Number(chip.dataset.step) === step));
  trigger("sample", { step });
}

find(".runs").addEventListener("change", (event) => trigger("choose", { run: event.target.value }));
/** A press that has been heard: the button waits until the answer comes. */
function ask(name, event, detail = {}) {
  find(name).disabled = true;
  trigger(event, detail);
}

find(".stop").addEventListener("click", () => ask(".stop", "stop"));
find(".resume").addEventListener("click", () => ask(".resume", "resume", { more: 0 }));
find(".go-on").addEventListener("click", () => ask(".go-on", "resume", { more: Number(find(".more").value) }));
find(".show-log").addEventListener("click", () => document.dispatchEvent(new CustomEvent("musictx-log")));

// Samples that came while nobody looked are drawn once somebody does.
new IntersectionObserver(() => run && run.phase !== "none" && showSamples()).observe(element);

watch("value", update);
update();
