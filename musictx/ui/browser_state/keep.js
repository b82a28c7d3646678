// What the browser keeps of a visitor's takes and files, so that a reload or a restart of the server loses none.
// A record comes from Python as {id, title, facts, made, data} (see takes.py); `data` goes back as it came.

const KEPT = "musictx-take-";
const OWN = "musictx-own"; // the file that was brought last
const SHOWN = "musictx-shown"; // what was on show: {piece} or {seed}
const CHANGED = "musictx-kept"; // an event on the window when the list has changed

class Keep {
  /** `most`: takes; the oldest go. */
  constructor(most) {
    this.most = most;
    this.passing = new Map(); // where the browser stores nothing, for as long as the page is open
  }

  /** For when the page is opened again: the visitor's own file, and what was on show; null if there is nothing. */
  lastState() {
    const [own, shown] = [Keep.read(OWN), Keep.read(SHOWN)];
    const piece = shown?.piece ? this.get(shown.piece) : null;
    if (!own && !piece && !shown?.seed) return null;
    return { own: own?.data ?? "", id: piece?.id ?? "", shown: piece?.data ?? "", seed: shown?.seed ?? "" };
  }

  /** All records, the newest first. */
  all() {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(KEPT));
    const stored = names.map((name) => Keep.read(name)).filter((each) => each?.id);
    const ids = new Set(stored.map((each) => each.id));
    const passing = [...this.passing.values()].filter((each) => !ids.has(each.id));
    return [...stored, ...passing].sort((one, other) => other.made - one.made);
  }

  get(id) {
    return Keep.read(KEPT + id) ?? this.passing.get(id) ?? null;
  }

  put(records) {
    if (!records?.length) return;
    for (const record of records) {
      this.passing.set(record.id, record);
      if (this.write(KEPT + record.id, record)) this.passing.delete(record.id);
    }
    for (const old of this.all().slice(this.most)) this.forget(old.id);
    window.dispatchEvent(new Event(CHANGED));
  }

  remove(id) {
    this.forget(id);
    window.dispatchEvent(new Event(CHANGED));
  }

  forget(id) {
    localStorage.removeItem(KEPT + id);
    this.passing.delete(id);
  }

  /** Whether it could be stored; older takes make room. */
  write(name, content) {
    const words = JSON.stringify(content);
    for (;;) {
      try {
        localStorage.setItem(name, words);
        return true;
      } catch {
        const oldest = this.all()
          .filter((each) => KEPT + each.id !== name && !this.passing.has(each.id))
          .at(-1);
        if (!oldest) return false;
        // It stays to be had until the page is closed.
        this.passing.set(oldest.id, oldest);
        localStorage.removeItem(KEPT + oldest.id);
      }
    }
  }

  static read(name) {
    try {
      return JSON.parse(localStorage.getItem(name));
    } catch {
      return null; // not ours, or cut off
    }
  }
}

const keep = new Keep(LIMITS.kept_takes); // one for all components of the page
