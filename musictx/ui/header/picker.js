// Gradio's pickers: typing replaces what is chosen and filters, leaves nothing behind, and Enter keeps the focus.

const pickerOf = (target) => (target.matches?.("input[role=combobox]") ? target : null);

document.addEventListener("focusin", ({ target }) => {
  const picker = pickerOf(target);
  if (!picker) return;
  picker.dataset.chosen = picker.value;
  picker.select();
  // And after the click that sets the caret, if nothing has been typed yet. Only while it has the focus: select() would
  // take the focus back from where a quick Tab has gone since.
  setTimeout(() => document.activeElement === picker && picker.value === picker.dataset.chosen && picker.select());
});

/** Back to what is chosen: Gradio does so only when the focus leaves. */
function forget(picker) {
  if (picker.value === picker.dataset.chosen) return;
  picker.value = picker.dataset.chosen;
  picker.dispatchEvent(new Event("input", { bubbles: true }));
}

function close(picker) {
  picker.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
}

document.addEventListener("keydown", (event) => {
  const picker = event.isTrusted && pickerOf(event.target);
  if (!picker) return;
  if (event.key === "Escape") {
    forget(picker);
    close(picker);
    picker.select();
  }
  if (event.key !== "Enter") return;
  setTimeout(() => {
    if (document.activeElement === picker) return picker.select(); // nothing of that name
    if (document.activeElement !== document.body) return;
    picker.focus();
    setTimeout(() => close(picker)); // the focus has opened the list
  });
});
