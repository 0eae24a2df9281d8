// The diagram of a flow with how many files wait at each place; the table under it says the same.
const place = document.getElementById("pack-diagram");

async function draw() {
  const answer = await fetch(place.dataset.source);
  if (!answer.ok) throw new Error(String(answer.status));
  const viewer = new window.BpmnJS({ container: place });
  await viewer.importXML(await answer.text());
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const registry = viewer.get("elementRegistry");
  for (const row of document.querySelectorAll("[data-place]")) {
    const { place: id, waiting, late, heat } = row.dataset;
    if (!registry.get(id) || waiting === "0") continue;
    canvas.addMarker(id, `heat-${heat}`);
    overlays.add(id, { position: { top: -12, right: 24 }, html: badge(waiting, "") });
    if (late !== "0") {
      overlays.add(id, { position: { bottom: 12, right: 24 }, html: badge(late, "is-late") });
    }
  }
  show(canvas, registry);
  place.dataset.drawn = "yes";
}

function badge(count, look) {
  const made = document.createElement("div");
  made.className = `heat-badge ${look}`;
  made.textContent = look ? `${count} ${place.dataset.late}` : count;
  return made;
}

// A long flow is unreadable as a whole: it begins where most files wait, else at its start.
function show(canvas, registry) {
  canvas.zoom("fit-viewport", "auto");
  document.querySelector("[data-whole-diagram]")
    .addEventListener("click", () => canvas.zoom("fit-viewport", "auto"));
  if (canvas.zoom() >= 0.55) return;
  const rows = [...document.querySelectorAll("[data-place]")];
  rows.sort((a, b) => Number(b.dataset.waiting) - Number(a.dataset.waiting));
  const busy = rows[0] && rows[0].dataset.waiting !== "0" && registry.get(rows[0].dataset.place);
  const shape = busy || registry.find((each) => each.type === "bpmn:StartEvent");
  if (!shape) return;
  const { width, height } = canvas.viewbox().outer;
  const scale = 0.62;
  const x = busy ? shape.x + shape.width / 2 - width / scale / 2 : shape.x - 60;
  canvas.viewbox({
    x, y: shape.y + shape.height / 2 - height / scale / 2,
    width: width / scale, height: height / scale,
  });
}

if (place) draw().catch(() => (place.hidden = true));
