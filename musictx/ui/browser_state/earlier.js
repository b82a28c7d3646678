// The list of earlier takes under the stage: chosen again, or removed, by the visitor alone.

const when = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

function showEarlier() {
  const rows = keep.all();
  find(".earlier").hidden = !rows.length;
  find(".earlier-count").textContent = `Earlier takes (${rows.length})`;
  find(".earlier-list").replaceChildren(...rows.map(earlierRow));
}

function earlierRow(row) {
  const item = document.createElement("li");
  const isShown = picture?.phase === "done" && picture.piece === row.id;
  item.append(recallButton(row, isShown), removeButton(row));
  return item;
}

function recallButton(row, isShown) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "earlier-recall";
  if (isShown) button.setAttribute("aria-current", "true");
  const [title, facts] = [document.createElement("strong"), document.createElement("span")];
  title.textContent = row.title;
  facts.textContent = `${row.facts} · ${when.format(row.made)}`;
  button.append(title, facts);
  button.addEventListener("click", () => {
    if (!(picture?.phase === "done" && picture.piece === row.id)) trigger("recall", { id: row.id, data: row.data });
  });
  return button;
}

function removeButton(row) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet earlier-remove";
  button.textContent = "Remove";
  button.setAttribute("aria-label", `Remove ${row.title}, ${row.facts}`);
  button.addEventListener("click", () => {
    if (button.dataset.sure) return keep.remove(row.id);
    button.dataset.sure = "true"; // asked back once
    button.textContent = "Remove for good";
  });
  return button;
}

/** What is on show, for when the page is opened again. */
function noteShown() {
  if (picture.phase === "working") return;
  const shown = picture.phase === "done" ? { piece: picture.piece } : { seed: picture.seed_id };
  keep.write(SHOWN, shown);
}

window.addEventListener(CHANGED, showEarlier);
