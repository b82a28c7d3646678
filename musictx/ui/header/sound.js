// Sound on the whole page: the space bar plays and pauses, and what sounds on a tab behind can be paused in front.

const behind = element.querySelector(".behind");
let last = null; // the player that sounded last

const isInFront = ({ audio }) => Boolean(audio.closest(".stage")?.checkVisibility());
/** Whether it can be gone on with. */
const isOpen = (player) => Boolean(player?.audio.isConnected && (player.url || player.isLive) && !player.ended);

function pauseOrPlay() {
  const sounding = [...players].find((player) => player.playing);
  if (sounding) {
    sounding.pause();
    return true;
  }
  const asked = new CustomEvent("musictx-play", { cancelable: true });
  if (!document.dispatchEvent(asked)) return true; // the tab in front plays
  if (!isOpen(last)) return false;
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
  const away = isOpen(last) && !isInFront(last);
  const focused = document.activeElement === behind;
  behind.hidden = !away || !(last.playing || behind.dataset.paused === "true");
  if (behind.hidden && focused) document.querySelector("[role=tab][aria-selected=true]")?.focus();
  if (behind.hidden) return;
  const title = last.audio.closest(".stage")?.querySelector(".stage-title")?.textContent ?? "";
  behind.querySelector("span").textContent = `${last.playing ? "Pause" : "Play"} ${title}`.trim();
  behind.classList.toggle("playing", last.playing);
}

const watched = new WeakSet();
const tabs = new ResizeObserver(showBehind); // a tab that goes behind has no size

document.addEventListener("musictx-sound", ({ detail: { player, event } }) => {
  if (event === "play") last = player;
  if (player !== last) return;
  behind.dataset.paused = String(event === "pause" && !player.ended && !isInFront(player));
  if (!watched.has(player)) tabs.observe(player.audio.closest(".stage") ?? player.audio);
  watched.add(player);
  showBehind();
});
behind.addEventListener("click", () => (last.playing ? last.pause() : last.play()));

// Browsers let a page sound once something was pressed.
for (const name of ["pointerdown", "keydown"])
  document.addEventListener(
    name,
    () => {
      sampler.wake();
      foresee();
    },
    true,
  );

/** Who listens will want the samples; who has muted the page is asked for nothing. */
function foresee() {
  if (!isMuted()) sampler.prepare(LIMITS.soundfont);
}

// They come once all else is there: two megabytes that nobody waits for at first sight.
const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 500));
if (document.readyState === "complete") whenIdle(foresee);
else window.addEventListener("load", () => whenIdle(foresee));
