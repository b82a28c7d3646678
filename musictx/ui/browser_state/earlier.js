// The list of earlier takes under the stage: chosen again, or removed, by the visitor alone.

const when = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

function showEarlier() {
  const rows = keep.all();
  find(".earlier").hidden = !rows.length;
  find(".earlier-count").textContent = `Earlier takes (${rows.length})`;
  find(".earlier-list").replaceChildren(...rows.map(earlierRow));
}

function earlierRow(row) {
  const item = make("li");
  const isShown = picture?.phase === "done" && picture.piece === row.id;
  item.append(recallButton(row, isShown), removeButton(row));
  return item;
}

function recallButton(row, isShown) {
  const button = make("button", "earlier-recall");
  button.type = "button";
  if (isShown) button.setAttribute("aria-current", "true");
  button.append(make("strong", "", row.title), make("span", "", `${row.facts} · ${when.format(row.made)}`));
  button.addEventListener("click", () => {
    if (!(picture?.phase === "done" && picture.piece === row.id)) trigger("recall", { id: row.id, data: row.data });
  });
  return button;
}

function removeButton(row) {
  const button = make("button", "quiet earlier-remove", "Remove");
  button.type = "button";
  button.setAttribute("aria-label", `Remove ${row.title}, ${row.facts}`);
  pressTwice(button, "Remove for good", () => keep.remove(row.id));
  return button;
}

/** What is on show, for when the page is opened again. */
function noteShown() {
  if (picture.phase === "working") return;
  const shown = picture.phase === "done" ? { piece: picture.piece } : { seed: picture.seed_id };
  keep.write(SHOWN, shown);
}

window.addEventListener(CHANGED, showEarlier);
