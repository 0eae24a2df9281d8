// The document reader: a document turned, one of its pages quoted where one was writing.
let lastField = null;

document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-quotes]")) lastField = event.target;
  if (event.target.id === "quote-page") event.target.select();
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-quote]");
  if (!form) return;
  event.preventDefault();
  quote(`[Doc ${form.dataset.quote} p. ${Number(form.elements.page.value)}]`);
});

function quote(mark) {
  const isKept = lastField?.isConnected && lastField.checkVisibility();
  const field = isKept ? lastField : document.querySelector("[data-quotes]");
  if (!field) return;
  const caret = isKept ? field.selectionEnd : field.value.length;
  field.focus();
  field.setSelectionRange(caret, caret);
  const space = /\S$/.test(field.value.slice(0, caret)) ? " " : "";
  // As if it were typed: it can be undone, respects the longest text, and the draft is saved.
  document.execCommand("insertText", false, space + mark);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-turn]");
  if (!button) return;
  const body = button.closest(".viewer").querySelector(".viewer-body");
  const turned = (Number(body.dataset.turned ?? 0) + 1) % 4;
  if (turned) body.dataset.turned = turned;
  else delete body.dataset.turned;
});
