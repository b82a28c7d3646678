// What goes wrong is said where the eye is: an alert that appears out of sight comes into it.

function isInSight(part) {
  const { top, bottom } = part.getBoundingClientRect();
  return top >= 0 && bottom <= window.innerHeight - parseFloat(getComputedStyle(part).scrollMarginBottom || "0");
}

function reveal(part) {
  if (!part?.isConnected || !part.checkVisibility() || !part.textContent.trim()) return;
  scrollIntoSight(part, "nearest");
}

// Not what a run of hours ago reports (.error): nobody has just asked for it.
const ALERT = "[role=alert]:not(.error)";
const alerts = new MutationObserver((records) => {
  const parts = records.map(({ target }) => (target.nodeType === 1 ? target : target.parentElement));
  const found = new Set(parts.map((part) => part?.closest(ALERT) ?? part?.querySelector(`:scope > ${ALERT}`)));
  for (const part of found) if (part) requestAnimationFrame(() => reveal(part));
});
alerts.observe(document.body, { subtree: true, childList: true, characterData: true, attributeFilter: ["hidden"] });
