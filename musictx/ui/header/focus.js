// The focus is never lost: when a button is disabled or goes away under it, a neighbour or the roll has it next.

let focused = null; // what had the focus last, unless the visitor left it
let byKeyboard = false;

const isUsable = (part) => part.isConnected && part.checkVisibility() && !part.disabled;

function neighbour(part) {
  if (!byKeyboard) return null; // a click on Generate must not make the space bar press Stop
  const row = part.closest(".row, .transport, .actions, .sure, .head, .ballot-buttons, .guess-buttons");
  return [...(row?.querySelectorAll("button") ?? [])].find(isUsable);
}

function passOn() {
  if (!focused || isUsable(focused)) return;
  const active = document.activeElement;
  const part = focused;
  focused = null;
  if (active && active !== document.body && active !== part) return;
  const rolls = [...document.querySelectorAll(".roll")];
  const own = part.closest(".side, .stage")?.querySelector(".roll");
  const roll = [own, ...rolls].find((each) => each?.checkVisibility());
  const next = neighbour(part) ?? roll ?? document.querySelector("[role=tab][aria-selected=true]");
  next?.focus({ preventScroll: !byKeyboard });
}

document.addEventListener("focusin", ({ target }) => (focused = target));
document.addEventListener("focusout", ({ target }) => isUsable(target) && (focused = null));
document.addEventListener("pointerdown", () => (byKeyboard = false), true);
document.addEventListener(
  "keydown",
  (event) => {
    byKeyboard = true;
    // The button that came under a key which is still held was not meant.
    if (event.repeat && event.key === "Enter" && event.target.matches?.("button")) event.preventDefault();
  },
  true,
);
// After a moment: what else the same answer changes, a neighbour that may be pressed now, is there then.
const changes = new MutationObserver(() => focused && !isUsable(focused) && setTimeout(passOn, 30));
changes.observe(document.body, { subtree: true, childList: true, attributeFilter: ["disabled", "hidden"] });
