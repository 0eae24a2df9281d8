// A flow's diagram: the steps that a file walked, or how many files wait at each place.
// What stands under it says the same in words, row by row.
const place = document.querySelector(".diagram[data-source]");
const READABLE = 0.6; // a smaller whole can't be read
const SCALE = 0.7;

async function draw() {
  const answer = await fetch(place.dataset.source);
  if (!answer.ok) throw new Error(String(answer.status));
  const viewer = new window.BpmnJS({ container: place });
  await viewer.importXML(await answer.text());
  const registry = viewer.get("elementRegistry");
  const middle = markSteps(viewer, registry) ?? markPlaces(viewer, registry);
  show(viewer.get("canvas"), registry, middle);
  place.dataset.drawn = "yes";
}

// Returns the shape where the file stands, if the page is a file's.
function markSteps(viewer, registry) {
  const steps = [...document.querySelectorAll("[data-element]")];
  for (const { dataset } of steps) {
    if (registry.get(dataset.element)) viewer.get("canvas").addMarker(dataset.element, `is-${dataset.state}`);
  }
  const here = steps.findLast((each) => each.dataset.state === "current") ?? steps.at(-1);
  return here && registry.get(here.dataset.element);
}

// Returns the shape where most files wait.
function markPlaces(viewer, registry) {
  const rows = [...document.querySelectorAll("[data-place]")]
    .filter(({ dataset }) => dataset.waiting !== "0" && registry.get(dataset.place));
  for (const { dataset } of rows) {
    viewer.get("canvas").addMarker(dataset.place, `heat-${dataset.heat}`);
    badge(viewer, dataset.place, { top: -12, right: 24 }, dataset.waiting, "");
    if (dataset.late !== "0") {
      const text = `${dataset.late} ${place.dataset.late}`;
      badge(viewer, dataset.place, { bottom: 12, right: 24 }, text, "is-late");
    }
  }
  rows.sort((a, b) => Number(b.dataset.waiting) - Number(a.dataset.waiting));
  return rows[0] && registry.get(rows[0].dataset.place);
}

function badge(viewer, id, position, text, look) {
  const html = document.createElement("div");
  html.className = `heat-badge ${look}`;
  html.textContent = text;
  viewer.get("overlays").add(id, { position, html });
}

// A long flow is unreadable as a whole: it begins with a shape in its middle, else at its start.
function show(canvas, registry, middle) {
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() >= READABLE) return;
  const shape = middle ?? registry.find((each) => each.type === "bpmn:StartEvent");
  if (!shape) return;
  const { width, height } = canvas.viewbox().outer;
  const view = { width: width / SCALE, height: height / SCALE };
  const x = middle ? shape.x + (shape.width - view.width) / 2 : shape.x - 60;
  canvas.viewbox({ ...view, x, y: shape.y + (shape.height - view.height) / 2 });
  const whole = document.querySelector("[data-whole-diagram]");
  whole.hidden = false;
  whole.addEventListener("click", () => canvas.zoom("fit-viewport", "auto"));
}

if (place) draw().catch(() => (place.hidden = true));
