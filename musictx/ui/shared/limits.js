// What Python knows and the page's scripts need: see page.py, which puts it into the header.

/** sentences and limits of the whole page: {equal_takes, kept_takes, soundfont, seed: {bytes, suffixes}}. */
const LIMITS = JSON.parse(element.querySelector("header").dataset.limits);
