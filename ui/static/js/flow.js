// The BPMN diagram with the steps walked; the list under it says the same in words.
const place = document.getElementById("diagram");

async function draw() {
  const answer = await fetch(place.dataset.source);
  if (!answer.ok) throw new Error(String(answer.status));
  const viewer = new window.BpmnJS({ container: place });
  await viewer.importXML(await answer.text());
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  for (const step of document.querySelectorAll("[data-element]")) {
    if (!registry.get(step.dataset.element)) continue;
    canvas.addMarker(step.dataset.element, `is-${step.dataset.state}`);
  }
  canvas.zoom("fit-viewport", "auto");
  place.dataset.drawn = "yes";
}

if (place) draw().catch(() => (place.hidden = true));
