// The file page: drafts saved as one types, the letter in a dialog, actions opened by key.
const toast = (text, tone) =>
  document.dispatchEvent(new CustomEvent("app:toast", { detail: { text, tone } }));
const form = document.querySelector("form[data-draft]");
const texts = document.getElementById("js-texts").dataset;

// --- Draft -------------------------------------------------------------------------------
let timer = 0;
let lastSaved = form ? new URLSearchParams(new FormData(form)).toString() : "";

async function saveDraft() {
  const body = new URLSearchParams(new FormData(form));
  if (body.toString() === lastSaved) return;
  const state = document.getElementById("draft-state");
  state.textContent = texts.saving;
  try {
    const answer = await fetch(form.dataset.draft, {
      method: "POST",
      body,
      headers: { "HX-Request": "true", "HX-Target": "draft-state" },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    lastSaved = body.toString();
    state.innerHTML = await answer.text();
  } catch {
    state.textContent = texts.unsaved;
    timer = setTimeout(saveDraft, 10000);
  }
}

if (form) {
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(saveDraft, 1200);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
  form.querySelector("[data-accept-all]")?.addEventListener("click", () => {
    form.querySelectorAll('.segment input[value="accepted"]').forEach((box) => (box.checked = true));
    form.dispatchEvent(new Event("input"));
  });
}

// --- Only the motives that can explain the chosen outcome -----------------------------------
function fitMotives() {
  const effect = form.querySelector("[name=outcome]:checked")?.dataset.motive;
  const list = form.querySelector("#motive");
  if (!effect || !list) return;
  const wanted = effect === "modified" ? ["modified", "refused"] : [effect];
  for (const option of list.options) {
    const fits = !option.value || wanted.some((each) => option.dataset.effects.split(" ").includes(each));
    option.hidden = option.disabled = !fits;
    if (!fits && option.selected) list.value = "";
  }
}
if (form) {
  form.addEventListener("change", fitMotives);
  form.addEventListener("input", fitMotives);
  fitMotives();
}

// --- 1 to 9 choose an outcome, once the decision has the focus ------------------------------
document.addEventListener("keydown", (event) => {
  const number = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  if (!number || !form || event.ctrlKey || event.altKey) return;
  if (event.target.matches("textarea, select, input:not([type=radio])")) return;
  const choice = form.querySelector(`[data-number="${number}"]`);
  if (!choice || document.documentElement.dataset.shortcuts === "off") return;
  event.preventDefault();
  choice.checked = true;
  choice.focus();
  form.dispatchEvent(new Event("input"));
});

// --- Letter preview inside the page -------------------------------------------------------
const preview = document.querySelector("[data-preview]");
preview?.addEventListener("click", async (event) => {
  event.preventDefault();
  const dialog = document.getElementById(preview.dataset.preview);
  const pages = document.getElementById("letter-pages");
  preview.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(preview.formAction, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { "HX-Request": "true", "HX-Target": "letter-pages" },
    });
    if (![200, 409, 422].includes(answer.status)) throw new Error(String(answer.status));
    pages.innerHTML = await answer.text();
    dialog.showModal();
  } catch {
    toast(texts.gone, "danger");
  } finally {
    preview.removeAttribute("aria-busy");
  }
});

// --- The letter as one types ---------------------------------------------------------------
const live = document.getElementById("live-letter-box");
if (live && form) {
  const body = live.querySelector(".live-body");
  const pages = document.getElementById("live-letter");
  let pause = 0;
  let asked = null;

  async function draw() {
    asked?.abort();
    const mine = (asked = new AbortController());
    body.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(live.dataset.live, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { "HX-Request": "true", "HX-Target": pages.id },
        signal: mine.signal,
      });
      if ([200, 409, 422].includes(answer.status)) pages.innerHTML = await answer.text();
    } catch {
      // An answer that is overtaken, or a server that is gone: the letter drawn last stays.
    } finally {
      if (asked === mine) body.removeAttribute("aria-busy");
    }
  }
  function soon() {
    clearTimeout(pause);
    if (live.open) pause = setTimeout(draw, 500);
  }
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  live.addEventListener("toggle", () => {
    localStorage.setItem("live-letter", live.open ? "open" : "");
    if (live.open) draw();
  });
  live.addEventListener("change", (event) => {
    if (event.target.name === "live-language") body.dataset.language = event.target.value;
  });
  live.open = localStorage.getItem("live-letter") === "open";
}

// --- Other actions open in place ----------------------------------------------------------
function openAction(name) {
  const action = document.getElementById(name);
  if (!action) return false;
  action.open = true;
  action.scrollIntoView({ block: "nearest" });
  action.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  return true;
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open-action]");
  if (link && openAction(link.dataset.openAction)) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (document.documentElement.dataset.shortcuts === "off" || event.ctrlKey || event.altKey) return;
  if (event.target.matches("textarea, select, input:not([type=radio])")) return;
  if (event.code === "KeyE" && !event.shiftKey && openAction("escalate")) event.preventDefault();
});
