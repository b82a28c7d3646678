// Numbers that people type: what does not fit is said at its field, and no work starts with it.
// Bounds and steps are those of the components; a field of class "whole" takes whole numbers only.

const FIELD = ":is(.knob, .random-seed, .figure)";
const STARTS = ".generate, #start, #estimate, #save-settings";
const VARIATIONS = "#variations input[type=number]";
const TEMPERATURE = "#temperature input[type=number]";
const flagged = new Map(); // input -> { value, mended, seen } once its sentence stands

const inputsIn = (box) => [...box.querySelectorAll(`${FIELD} input[type=number]`)];
const isOurs = (input) => Boolean(input?.matches?.(`${FIELD} input[type=number]`));
const isShown = (field) => field.offsetParent !== null || Boolean(field.closest(".more, #train-more"));
const figure = (text) => Number(text).toLocaleString("en", { maximumFractionDigits: 7 });

/**
 * What a number field asks for, where `text` in it does not fit; "" if it does.
 *
 * low, high: bounds as text, "" for none. whole: only whole numbers fit. isBad: the browser holds back what was typed.
 */
function misfit({ name, text, low, high, whole, isBad }) {
  const range =
    low !== "" && high !== ""
      ? ` between ${figure(low)} and ${figure(high)}`
      : low !== ""
        ? ` of ${figure(low)} or more`
        : "";
  const wanted = `${name} must be a ${whole ? "whole " : ""}number${range}.`;
  if (text === "") return `${wanted} ${isBad ? "What was typed is none." : "The field is empty."}`;
  const value = Number(text);
  const fits = Number.isFinite(value) && (low === "" || value >= Number(low)) && (high === "" || value <= Number(high));
  return fits && (!whole || Number.isInteger(value)) ? "" : `${wanted} Received: ${text.slice(0, 20)}`;
}

/** Why the value does not fit its field or another one; "" if it does. */
function complaint(input) {
  const field = input.closest(FIELD);
  const words = misfit({
    name: field.querySelector("[data-testid=block-info]").textContent.trim(),
    text: input.value,
    low: input.min,
    high: input.max,
    whole: field.classList.contains("whole"),
    isBad: input.validity.badInput,
  });
  if (words || !input.matches(VARIATIONS) || Number(input.value) <= 1) return words;
  return Number(document.querySelector(TEMPERATURE)?.value) === 0 ? LIMITS.equal_takes : "";
}

/** Says the sentence under the field, or takes it away; whether the value fits. */
function check(input) {
  const words = complaint(input);
  if (words) say(input, words);
  else clear(input);
  return !words;
}

function say(input, words) {
  const field = input.closest(FIELD);
  let line = field.querySelector(".field-problem");
  if (!line) {
    line = field.appendChild(document.createElement("p"));
    line.className = "field-problem";
    line.id = `${field.id}-problem`;
    line.setAttribute("role", "alert");
  }
  if (line.textContent !== words) line.textContent = words;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", line.id);
  if (!flagged.size) requestAnimationFrame(watchFlagged);
  const flag = { value: null, mended: false, seen: false };
  flagged.set(input, flag);
  // Gradio puts a slider's value back into its range when the field is left: the sentence says why, and stays.
  setTimeout(() => Object.assign(flag, { value: input.value, mended: !complaint(input) }));
}

function clear(input) {
  flagged.delete(input);
  input.closest(FIELD).querySelector(".field-problem")?.remove();
  input.removeAttribute("aria-invalid");
  input.removeAttribute("aria-describedby");
}

/** A value may come from elsewhere: a preset, New, Reset, the settings of a take. */
function watchFlagged() {
  for (const [input, { value, mended }] of [...flagged]) {
    if (!input.isConnected) flagged.delete(input);
    else if (value !== null && (mended ? input.value !== value : !complaint(input))) clear(input);
  }
  if (flagged.size) requestAnimationFrame(watchFlagged);
}

/** Whether work may start with it: also not with a value that this very press has put back into its range. */
function isReady(input) {
  const flag = flagged.get(input);
  if (flag && !flag.seen && !complaint(input)) return false;
  return check(input);
}

for (const kind of ["pointerdown", "keydown"]) {
  document.addEventListener(
    kind,
    () =>
      flagged.forEach((flag) => {
        flag.seen = true;
      }),
    true,
  );
}
document.addEventListener(
  "input",
  (event) => isOurs(event.target) && flagged.has(event.target) && check(event.target),
  true,
);
document.addEventListener("change", (event) => isOurs(event.target) && check(event.target), true);
document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest?.(STARTS);
    if (!button) return;
    const tab = button.closest(".tabitem") ?? document;
    const wrong = inputsIn(tab).filter((input) => isShown(input.closest(FIELD)) && !isReady(input));
    if (!wrong.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    wrong[0].closest(".more, #train-more")?.querySelector("button.label-wrap:not(.open)")?.click();
    requestAnimationFrame(() => {
      wrong[0].focus({ preventScroll: true });
      wrong[0].closest(FIELD).scrollIntoView({ block: "center" }); // not behind the buttons, which are always in sight
    });
  },
  true,
);
