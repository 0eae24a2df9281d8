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
  centreOn(canvas, registry);
  place.dataset.drawn = "yes";
}

// A long flow is unreadable as a whole: the step where the file stands is brought to the middle.
function centreOn(canvas, registry) {
  const steps = [...document.querySelectorAll("[data-element]")];
  const here = steps.findLast((each) => each.dataset.state === "current") ?? steps.at(-1);
  const shape = here && registry.get(here.dataset.element);
  if (!shape || canvas.zoom() >= 0.6) return;
  const { width, height } = canvas.viewbox().outer;
  const scale = 0.72;
  canvas.viewbox({
    x: shape.x + shape.width / 2 - width / scale / 2,
    y: shape.y + shape.height / 2 - height / scale / 2,
    width: width / scale,
    height: height / scale,
  });
  const whole = document.querySelector("[data-whole-diagram]");
  whole.hidden = false;
  whole.addEventListener("click", () => canvas.zoom("fit-viewport", "auto"));
}

if (place) draw().catch(() => (place.hidden = true));
