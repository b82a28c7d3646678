// Files on their way in. What is too large or of another kind never travels: Gradio would refuse it without saying
// what to do. What a file may be comes from Python as {bytes, suffixes}.

/** What a refusal says of these files, {name, bytes}; null if they may travel. */
function refusalOf(files, { bytes: most, suffixes }) {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const strange = files.find(({ name }) => !suffixes.some((suffix) => name.toLowerCase().endsWith(suffix)));
  if (bytes > most) return { name: files.length === 1 ? files[0].name : `${files.length} files together`, bytes };
  return strange ? { name: strange.name, bytes } : null;
}

/** What a DataTransfer holds goes the way of an <input type=file>. */
function send(input, carried) {
  input.files = carried.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

/**
 * Files dropped on `zone` go the way of an upload button.
 *
 * findInput: gives the button's <input type=file>, or nothing while there is none.
 * limits: gives what may travel. mark: called with whether files hover over the zone.
 * refuse: called with what a refusal says. accept: called with the files that travel.
 */
function guardUploads(zone, { findInput, limits, mark, refuse, accept = () => {} }) {
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  zone.addEventListener("dragleave", () => mark(false));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const input = findInput();
    if (!input || !event.dataTransfer.files.length) return;
    send(input, event.dataTransfer);
  });
  document.addEventListener(
    "change",
    (event) => {
      if (!zone.isConnected || event.target !== findInput() || !event.target.files?.length) return;
      const files = [...event.target.files];
      const refusal = refusalOf(event.target.multiple ? files : files.slice(0, 1), limits());
      if (!refusal) return accept(files);
      event.stopImmediatePropagation();
      event.target.value = "";
      refuse(refusal);
    },
    true,
  );
}
