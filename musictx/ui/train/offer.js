// What stands above Start: a hint, an estimate or a problem. Shows one value from Python (see offer_view.py).

const { fillDefinitions } = window.musictx;
const find = (name) => element.querySelector(name);
let saved = 0; // serial of the settings that were saved last

function update() {
  const value = props.value;
  if (!value?.phase) return;
  find(".offer").dataset.phase = value.phase;
  find(".words").hidden = !value.words;
  find(".text").textContent = value.words;
  find(".problem").hidden = !value.problem;
  find(".problem").textContent = value.problem;
  fillDefinitions(find(".facts"), value.facts);
  if (value.save && value.serial !== saved) save(value);
}

function save({ serial, save: file }) {
  saved = serial;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([file.text], { type: "application/json" }));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

watch("value", update);
update();
