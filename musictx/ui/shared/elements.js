// Elements that several components make alike.

/** An element with a class and, if given, text. */
function make(tag, className = "", text = undefined) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Fills a <dl> with [term, words] pairs, each in a <div> of that class. */
function fillDefinitions(list, pairs, className = "") {
  const rows = pairs.map(([term, words]) => {
    const row = make("div", className);
    row.append(make("dt", "", term), make("dd", "", words));
    return row;
  });
  list.replaceChildren(...rows);
}

/** Asks back once before something is deleted: `opener` shows the box ".sure" in `root`, whose Delete calls `act`. */
class AskBack {
  /** `changed` is called when the question comes or goes. */
  constructor(root, opener, act, changed = () => {}) {
    this.box = root.querySelector(".sure");
    this.changed = changed;
    const [yes, no] = [this.box.querySelector(".yes"), this.box.querySelector(".no")];
    opener.addEventListener("click", () => {
      this.show(true);
      no.focus();
    });
    no.addEventListener("click", () => {
      this.show(false);
      opener.focus();
    });
    yes.addEventListener("click", () => {
      this.box.hidden = true; // the answer brings the rest back
      act();
    });
  }

  get isAsking() {
    return !this.box.hidden;
  }

  show(asking) {
    this.box.hidden = !asking;
    this.changed(asking);
  }
}

/** For a button that is its own question: the second press calls `act`, the first changes its words. */
function pressTwice(button, question, act) {
  let asked = false;
  button.addEventListener("click", () => {
    if (asked) return act();
    asked = true;
    button.textContent = question;
  });
}

const lessMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Scrolls `part` to where `block` says unless `whole` is in sight; without motion where that is unwelcome. */
function scrollIntoSight(part, block, whole = part) {
  if (isInSight(whole)) return;
  part.scrollIntoView({ behavior: lessMotion.matches ? "auto" : "smooth", block });
}
