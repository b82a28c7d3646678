// Sound on the whole page: the space bar plays and pauses, and what sounds on a tab behind can be paused in front.

const behind = element.querySelector(".behind");
let last = null; // the <audio> that sounded last

const isSounding = (audio) => !audio.paused && !audio.ended;
const isInFront = (audio) => Boolean(audio.closest(".stage")?.checkVisibility());

function pauseOrPlay() {
  const sounding = [...document.querySelectorAll("audio")].find(isSounding);
  if (sounding) {
    sounding.pause();
    return true;
  }
  const asked = new CustomEvent("musictx-play", { cancelable: true });
  if (!document.dispatchEvent(asked)) return true; // the tab in front plays
  if (!last?.isConnected || !last.currentSrc || last.ended) return false;
  last.play();
  return true;
}

const PRESSED = "button, summary, select, option, [role=button], [role=option], [role=switch], [role=menuitem]";

/** Whether the space bar belongs to what has the focus: text, or something that it presses to some effect. */
function ownsSpace(target) {
  if (target.closest?.("[role=tab][aria-selected=true], [type=radio]:checked, [type=range]")) return false;
  return Boolean(target.closest?.(`${PRESSED}, input, textarea, [contenteditable]:not([contenteditable=false])`));
}

document.addEventListener("keydown", (event) => {
  const plain = event.key === " " && !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
  if (!element.isConnected || !plain || event.defaultPrevented || ownsSpace(event.target)) return;
  if (event.repeat || pauseOrPlay()) event.preventDefault(); // else the page scrolls
});

function showBehind() {
  const away = last?.isConnected && last.currentSrc && !last.ended && !isInFront(last);
  const focused = document.activeElement === behind;
  behind.hidden = !away || !(isSounding(last) || behind.dataset.paused === "true");
  if (behind.hidden && focused) document.querySelector("[role=tab][aria-selected=true]")?.focus();
  if (behind.hidden) return;
  const title = last.closest(".stage")?.querySelector(".stage-title")?.textContent ?? "";
  behind.querySelector("span").textContent = `${isSounding(last) ? "Pause" : "Play"} ${title}`.trim();
  behind.classList.toggle("playing", isSounding(last));
}

const watched = new WeakSet();
const tabs = new ResizeObserver(showBehind); // a tab that goes behind has no size

for (const name of ["play", "pause", "ended", "emptied"])
  document.addEventListener(
    name,
    ({ target }) => {
      if (name === "play") last = target;
      if (target !== last) return;
      behind.dataset.paused = String(name === "pause" && !target.ended && !isInFront(target));
      if (!watched.has(target)) tabs.observe(target.closest(".stage") ?? target);
      watched.add(target);
      showBehind();
    },
    true, // these events do not bubble
  );
behind.addEventListener("click", () => (isSounding(last) ? last.pause() : last.play()));
