// A copy of a flow's diagram in the modeler; nothing is kept but what is downloaded.
const form = document.getElementById("draft");
const field = document.getElementById("draft-bpmn");
const check = document.getElementById("draft-check");
const download = document.getElementById("draft-download");
const modeler = new window.BpmnJS({ container: "#draft-diagram" });
let changed = false;

async function open() {
  const answer = await fetch(form.dataset.source);
  if (!answer.ok) throw new Error(String(answer.status));
  await modeler.importXML(await answer.text());
  modeler.get("canvas").zoom("fit-viewport", "auto");
  modeler.on("commandStack.changed", () => (changed = true));
  await keep();
  check.disabled = download.disabled = false;
  document.getElementById("draft-diagram").dataset.drawn = "yes";
}

async function keep() {
  const { xml } = await modeler.saveXML({ format: true });
  field.value = xml;
  return xml;
}

modeler.on("commandStack.changed", keep);

download.addEventListener("click", async () => {
  const content = new Blob([await keep()], { type: "application/xml" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = form.dataset.name;
  link.click();
  URL.revokeObjectURL(link.href);
  changed = false;
});

window.addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});

// For tests and for whoever knows bpmn-js: the modeler behind the page.
document.getElementById("draft-diagram").modeler = modeler;
open();
