// Work on the take that is on show: on the marked range, from where it stands, on all of it; undone and done again.

const range = new Range(deck, find(".roll-range"), () => showWork());
const pick = new Pick(deck, find(".roll-pick"), () => showWork());
deck.roll.drawn = () => {
  range.draw();
  pick.draw();
};
deck.box.pick = pick; // for the console and the tests
const wentTo = new Map(); // index of a take -> of the one made of it that was on show last
const WORK = { redo: ".work-redo", delete: ".work-delete", "go on": ".work-go-on", again: ".work-again" };

/** Asks for another take made of the one on show. */
function work(kind) {
  if (kind === "delete" && pick.isSet) return putDown(false);
  if (!canWork() || (["redo", "delete"].includes(kind) && !range.isSet)) return;
  const [from, to] = range.isSet ? [range.from, range.to] : [player.time, player.length];
  trigger("edit", { kind, take: chosen, from_s: from, to_s: to });
}

/** The picked note as it stands now, or none of it, in another take. */
function putDown(isThere) {
  if (!canWork() || !pick.isSet || (isThere && !pick.hasMoved)) return;
  const { row, moved } = pick;
  pick.set(null);
  trigger("edit", {
    kind: "note",
    take: chosen,
    from_s: row[2],
    to_s: row[3],
    pitch: row[0],
    to: isThere ? [moved[0], moved[2]] : null,
  });
}

const canWork = () => picture?.phase === "done" && take() !== null && !recorder.isOpen;
const parentOf = (index) => picture?.parents?.[index] ?? -1;
const childOf = (index) => {
  const last = picture?.parents?.lastIndexOf(index) ?? -1;
  const went = wentTo.get(index);
  return parentOf(went) === index ? went : last;
};

/** Back to the take that this one was made of, or on to the one that was made of it. */
function undo() {
  const parent = parentOf(chosen);
  if (!canWork() || parent < 0) return;
  wentTo.set(parent, chosen);
  choose(parent);
  deck.announce(`Back to ${take().label}.`);
}

function redoWork() {
  const child = childOf(chosen);
  if (!canWork() || child < 0) return;
  choose(child);
  deck.announce(`On to ${take().label}.`);
}

function pickWords() {
  const [pitch, , start] = pick.moved;
  return `${noteName(pitch)} at ${start.toFixed(2)} s: arrows move it`;
}

function showWork() {
  find(".work").classList.toggle("idle", !take()); // it keeps its place: nothing moves when a take comes
  find(".take-marks").hidden = !take() || recorder.isOpen;
  for (const button of find(".take-marks").querySelectorAll("button")) button.disabled = !canWork();
  const marked = range.isSet;
  const picked = pick.isSet;
  find(".work-words").textContent = picked
    ? pickWords()
    : marked
      ? `${clock(range.from)} to ${clock(range.to)}, ${(range.to - range.from).toFixed(1)} s`
      : "Mark a part, or work from the playhead.";
  for (const name of [".work-redo", ".work-loop"]) find(name).hidden = !marked || picked;
  for (const name of [".work-delete", ".work-clear"]) find(name).hidden = !marked && !picked;
  find(".work-put").hidden = !picked;
  for (const name of [".work-go-on", ".work-again", ".work-longer"]) find(name).hidden = marked || picked;
  find(".work-seedless").hidden = marked || picked || !take() || take().seedless;
  find(".work-favourite").setAttribute("aria-pressed", String(Boolean(take()?.favourite)));
  find(".work-loop").setAttribute("aria-pressed", String(range.loops));
  find(".work-mark").setAttribute("aria-pressed", String(range.marks));
  for (const button of find(".work").querySelectorAll("button")) button.disabled = !canWork();
  find(".work-put").disabled ||= !pick.hasMoved;
  find(".work-undo").disabled ||= parentOf(chosen) < 0;
  find(".work-redo-undone").disabled ||= childOf(chosen) < 0;
}

/** A field in the place of the words: Enter keeps the name, Esc leaves it as it was. */
function nameTake(open) {
  const field = find(".work-name-field");
  field.hidden = !open;
  find(".work-name").hidden = open;
  if (!open) return;
  field.value = take()?.name ?? "";
  field.focus();
  field.select();
}

find(".work-name").addEventListener("click", () => nameTake(true));
find(".work-name-field").addEventListener("blur", () => nameTake(false));
find(".work-name-field").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && canWork()) trigger("name", { take: chosen, name: event.target.value });
  if (event.key !== "Enter" && event.key !== "Escape") return;
  event.stopPropagation();
  event.preventDefault(); // else it presses what has the focus next
  nameTake(false);
  find(".work-name").focus();
});
find(".work-favourite").addEventListener("click", () => {
  if (canWork()) trigger("favourite", { take: chosen, is_favourite: !take().favourite });
});

for (const [kind, name] of Object.entries({ ...WORK, longer: ".work-longer", "without seed": ".work-seedless" }))
  find(name).addEventListener("click", () => work(kind));
find(".work-undo").addEventListener("click", undo);
find(".work-redo-undone").addEventListener("click", redoWork);
find(".work-clear").addEventListener("click", () => (pick.isSet ? pick.set(null) : range.clear()));
find(".work-put").addEventListener("click", () => putDown(true));
deck.box.addEventListener("dblclick", (event) => canWork() && pick.set(pick.under(event.clientX, event.clientY)));
find(".work-mark").addEventListener("click", () => {
  range.marks = !range.marks;
  showWork();
});
find(".work-loop").addEventListener("click", () => {
  range.loops = !range.loops;
  if (range.loops && !player.playing) {
    player.seek(range.from);
    deck.toggle();
  }
  showWork();
});

/** What a key means for the work on a take; null for other keys. */
function workAction(event) {
  const command = (event.ctrlKey || event.metaKey) && !event.altKey;
  if (command && event.key.toLowerCase() === "z") return event.shiftKey ? redoWork : undo;
  if (command && event.key.toLowerCase() === "y") return redoWork;
  if (command || event.altKey || !canWork()) return null;
  const far = event.shiftKey ? 5 : 1;
  const note = {
    ArrowUp: () => pick.move(event.shiftKey ? 12 : 1, 0),
    ArrowDown: () => pick.move(event.shiftKey ? -12 : -1, 0),
    ArrowLeft: () => pick.move(0, -far * NUDGE_S),
    ArrowRight: () => pick.move(0, far * NUDGE_S),
    Enter: pick.hasMoved && !event.target.closest?.("button, a, summary") ? () => putDown(true) : null,
    Delete: () => putDown(false),
    Escape: () => pick.set(null),
  };
  if (pick.isSet && note[event.key]) return note[event.key];
  const plain = {
    n: () => pick.next(player.time, false),
    N: () => pick.next(player.time, true),
    "[": () => range.move("from", player.time),
    "]": () => range.move("to", player.time),
    Escape: range.isSet ? () => range.clear() : null,
    Delete: range.isSet ? () => work("delete") : null,
    r: range.isSet ? () => work("redo") : null,
    l: range.isSet ? () => find(".work-loop").click() : null,
  };
  return plain[event.key] ?? null;
}
