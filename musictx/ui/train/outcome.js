// What came out of a run: figures, what to do with it, command line, log. Shows one value from Python (see run_view.py).

const { fillDefinitions } = window.musictx;
const find = (name) => element.querySelector(name);
let outcome = null; // the value on show
let packed = 0; // serial of the value whose zip was saved

function update() {
  const next = props.value;
  if (!next?.serial || (outcome && next.serial < outcome.serial)) return;
  const other = next.chosen !== outcome?.chosen;
  outcome = next;
  find(".problem").hidden = !outcome.problem;
  find(".problem").textContent = outcome.problem;
  find(".pack").disabled = false;
  find(".papers").hidden = !outcome.chosen;
  find(".result").hidden = !outcome.can?.use;
  if (other) {
    for (const paper of element.querySelectorAll("details")) paper.open = false;
    find(".log pre").textContent = "";
    find(".copy-command").textContent = "Copy";
  }
  if (!outcome.chosen) return;
  showResult();
  if (find(".command code").textContent !== outcome.command) find(".command code").textContent = outcome.command;
  if (outcome.log) showLog();
  if (outcome.package?.data?.url && packed !== outcome.serial) savePackage();
}

function showResult() {
  find(".duel").hidden = !outcome.can.duel;
  fillDefinitions(find(".figures"), outcome.result);
}

function showLog() {
  const log = find(".log pre");
  log.textContent = outcome.log;
  log.scrollTop = log.scrollHeight;
}

function savePackage() {
  packed = outcome.serial;
  Object.assign(document.createElement("a"), {
    href: outcome.package.data.url,
    download: outcome.package.name,
  }).click();
}

find(".use").addEventListener("click", () => trigger("use"));
find(".duel").addEventListener("click", () => {
  document.dispatchEvent(new CustomEvent("musictx-wanted", { detail: "duel" }));
  trigger("duel");
});
find(".pack").addEventListener("click", () => {
  find(".pack").disabled = true; // until the answer comes
  trigger("pack");
});
find(".copy-command").addEventListener("click", async () => {
  const words = find(".command code");
  try {
    await navigator.clipboard.writeText(words.textContent);
    find(".copy-command").textContent = "Copied";
  } catch {
    window.getSelection().selectAllChildren(words); // no permission, or no https: select it for the visitor
  }
});
find(".log").addEventListener("toggle", () => find(".log").open && trigger("log"));
document.addEventListener("musictx-log", () => {
  if (!element.isConnected) return;
  find(".log").open = true;
  find(".log").scrollIntoView({ block: "nearest" });
  find(".log pre").focus({ preventScroll: true });
});

watch("value", update);
update();
