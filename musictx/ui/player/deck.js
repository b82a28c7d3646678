// A deck: one roll and its player, with the buttons, keys and pointer that both share (roll.html, transport.html).
// Every tab that plays something builds on it; what a tab shows it tells the deck by `show`, `load` and `say`.

const WRITING = "waiting for the next notes…";
const LOADING = "loading the piano…";

class Deck {
  /** `root` holds the elements; `onState` is called when playing, loading or ready changes. */
  constructor(root, onState = () => {}) {
    this.root = root;
    this.box = this.find(".roll");
    this.roll = new Roll(this.box, this.find(".roll-base"), this.find(".roll-top"), this.find(".roll-head"));
    this.onState = onState;
    this.problem = null; // what is told,
    this.dismissed = 0; // and the key of the one that was closed
    this.words = { joinS: null, sounding: "", note: "" };
    this.name = ""; // where there are two
    this.range = null; // what is marked, where something can be, see range.js
    this.begin = null; // the box that lets play begin where the seed ends
    this.placed = false; // the visitor has chosen where to play from
    this.complete = false; // every download is there
    this.player = new Player(
      this.find("audio"),
      (time) => this.showTime(time),
      () => {
        this.showTransport();
        this.onState();
      },
    );
    Object.assign(this.box, { roll: this.roll, player: this.player }); // for the console and the tests
    this.listen();
  }

  find(name) {
    return this.root.querySelector(name);
  }

  /** What the parts of this deck are called, where there is another one beside it. */
  call(name) {
    if (name === this.name) return;
    this.name = name;
    for (const part of this.find(".transport").querySelectorAll("[aria-label]")) {
      part.dataset.label ??= part.getAttribute("aria-label");
      part.setAttribute("aria-label", this.named(part.dataset.label));
    }
  }

  named(words) {
    return this.name ? `${words}, ${this.name}` : words;
  }

  /** Heard by who does not see the page: the last few sentences stay. */
  announce(words) {
    const live = (this.root.closest(".stage") ?? this.root).querySelector(".stage-live");
    live.append(Object.assign(document.createElement("p"), { textContent: words }));
    while (live.children.length > 4) live.firstChild.remove();
  }

  /**
   * The notes on the roll, and their sound at `url` or none; `hold` keeps position and playing.
   *
   * knownS: how far the notes are written while they grow, null once they are whole. ask: without a url how to get one,
   * once somebody presses play and the notes cannot be played as they are.
   */
  load(url, hold, { knownS = null, ask = null } = {}) {
    const rows = this.roll.layers.flat();
    this.player.live.give(rows, knownS);
    const silent = !this.player.url;
    if (!hold) this.placed = false;
    if (!url && !this.words.sounding) this.player.asked = false; // there is no sound to be had
    this.player.load(url ?? null, hold, ask, lastEnd([rows]));
    if (silent && this.player.url) this.announce(`The sound${this.name && ` of ${this.name}`} is ready.`);
    this.showTransport();
    if (!this.player.can) this.roll.setPlayhead(null);
  }

  /** What only the tab knows: where the seed ends (null: nowhere), what is being rendered, the line beside the time. */
  say(joinS, sounding, note = "") {
    this.words = { joinS, sounding, note };
    this.showTransport();
  }

  /** Over the roll until it is closed: `problem` with title, text and a key that tells one from the next, or none. */
  tell(problem) {
    const shown = problem && problem.key !== this.dismissed ? problem : null;
    this.problem = shown;
    this.find(".roll-problem").hidden = !shown;
    this.find(".roll-problem-title").textContent = shown?.title ?? "";
    this.find(".roll-problem-text").textContent = shown?.text ?? "";
  }

  dismiss() {
    this.dismissed = this.problem?.key ?? 0;
    this.tell(null);
  }

  /** The downloads; said once all of them are there. */
  offer(files) {
    showFiles(this.find(".files"), files, this.name);
    const complete = files.length > 0 && files.every((file) => file.data?.url);
    if (complete && !this.complete) this.announce(`The downloads${this.name && ` of ${this.name}`} are ready.`);
    this.complete = complete;
  }

  showTransport() {
    const ready = this.player.can;
    const behindHand = this.player.isLive && this.player.live.waiting;
    const waiting = this.player.asked || behindHand || (Boolean(this.words.sounding) && !ready);
    for (const name of [".play", ".stop"]) this.find(name).disabled = !ready;
    this.find(".join").disabled = !ready || this.words.joinS === null;
    const play = this.find(".play");
    play.classList.toggle("playing", this.player.playing);
    play.classList.toggle("waiting", waiting);
    play.setAttribute("aria-label", this.named(this.player.playing ? "Pause" : "Play"));
    this.find(".transport-note").textContent = this.transportNote(behindHand, waiting);
    this.find(".time-all").textContent = clock(this.player.length);
    this.box.setAttribute("aria-valuemax", this.player.length.toFixed(1));
    this.showTime(this.player.time);
  }

  transportNote(behindHand, waiting) {
    if (behindHand) return WRITING;
    if (this.player.asked && sampler.state === "loading" && !this.player.url) return LOADING;
    return waiting ? this.words.sounding : this.words.note;
  }

  showTime(time) {
    if (!this.player.can) time = 0;
    const spoken = `${clock(time)} of ${clock(this.player.length)}`;
    if (this.box.getAttribute("aria-valuetext") !== spoken) {
      // once a second is enough for a screen reader
      this.find(".time-now").textContent = clock(time);
      this.box.setAttribute("aria-valuenow", time.toFixed(1));
      this.box.setAttribute("aria-valuetext", spoken);
    }
    if (!this.player.can) return;
    if (this.player.playing) {
      const turn = this.range?.turn(time) ?? null;
      if (turn !== null) return this.player.seek(turn);
      this.roll.follow(time);
    }
    this.roll.setPlayhead(time);
  }

  /** Plays or pauses. */
  toggle() {
    if (!this.player.playing) {
      this.roll.release();
      if (this.begin?.checked && this.words.joinS !== null && this.isAtStart()) this.player.seek(this.joinTime());
    }
    this.comeCloser();
    this.player.toggle();
  }

  /** Where the visitor wants it. */
  seek(seconds) {
    this.placed = true;
    this.player.seek(seconds);
  }

  isAtStart() {
    const { time, length } = this.player;
    return time > length - 0.05 || (!this.placed && time < 0.05);
  }

  /** A second before the seed ends. */
  joinTime() {
    return Math.max(0, this.words.joinS - 1);
  }

  /** A long piece squeezed into the width cannot be followed by eye: closer while it plays, where there is a way back. */
  comeCloser() {
    const across = this.roll.width - KEYS_PX;
    if (this.player.playing || !this.roll.fitted || !this.find(".zoom-fit") || across / this.roll.view.span >= 9)
      return;
    this.roll.fitted = false;
    this.roll.aim(this.player.time - 8, across / 22);
  }

  stop() {
    this.placed = false;
    this.player.stop();
    this.roll.fit();
  }

  /** From a second before the seed ends on. */
  playJoin() {
    this.seek(this.joinTime());
    if (!this.player.playing) this.toggle();
  }

  /** Scrolls `part` to where `block` says, unless the roll is in sight. */
  bringIntoSight(part, block) {
    scrollIntoSight(part, block, this.box);
  }
}

/** One tab for each label; `choose` is called with the index that was pressed or reached with the arrow keys. */
function showTabs(box, labels, chosen, choose) {
  const pressed = (tab) => [...box.children].indexOf(tab);
  while (box.children.length > labels.length) box.lastChild.remove();
  labels.forEach((label, index) => {
    let tab = box.children[index];
    if (!tab) {
      tab = box.appendChild(document.createElement("button"));
      tab.type = "button";
      tab.setAttribute("role", "tab");
      tab.addEventListener("click", () => choose(pressed(tab)));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.stopPropagation();
        const next = (pressed(tab) + step + box.children.length) % box.children.length;
        choose(next);
        box.children[next].focus();
      });
    }
    tab.textContent = label;
    tab.setAttribute("aria-selected", String(index === chosen));
    tab.tabIndex = index === chosen ? 0 : -1;
  });
}

/** Download buttons, of `name` where there are others beside them; a file that is not there yet is shown as such. */
function showFiles(box, files, name = "") {
  while (box.children.length > files.length) box.lastChild.remove();
  files.forEach((file, index) => {
    const link = box.children[index] ?? box.appendChild(document.createElement("a"));
    link.textContent = file.label;
    link.title = file.hint;
    if (file.data?.url) {
      link.href = file.data.url;
      link.download = file.name;
      link.removeAttribute("role");
    } else {
      link.removeAttribute("href");
      link.setAttribute("role", "link"); // without an address it would be none
    }
    if (name) link.setAttribute("aria-label", `${file.label} of ${name}`);
    else link.removeAttribute("aria-label");
    link.setAttribute("aria-disabled", String(!file.data?.url));
  });
}
