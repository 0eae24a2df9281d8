// A scanner in front of a list: every code is noted in turn, none is lost while one is under way.
const form = document.querySelector("form[data-scanner]");
const texts = document.getElementById("js-texts").dataset;

if (form) {
  const input = form.querySelector("[name=scan]");
  const state = document.getElementById(form.dataset.scanner);
  const waiting = [];
  let isBusy = false;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const code = input.value.trim();
    input.value = "";
    input.focus();
    if (!code) return;
    waiting.push(code);
    if (!isBusy) work();
  });

  // The list is drawn anew with each answer; the field keeps the focus and what is in it.
  document.addEventListener("click", (event) => {
    if (!event.target.closest("a, button, input, select, textarea, summary, dialog")) input.focus();
  });

  async function work() {
    isBusy = true;
    while (waiting.length) {
      const body = new URLSearchParams(new FormData(form));
      body.set("scan", waiting[0]);
      try {
        const answer = await fetch(form.action, {
          method: "POST",
          body,
          headers: { "HX-Request": "true", "HX-Target": state.id },
        });
        if (![200, 422].includes(answer.status)) throw new Error(String(answer.status));
        state.innerHTML = await answer.text();
        waiting.shift();
        sound(state.querySelector("[data-scan]")?.dataset.scan);
      } catch {
        document.dispatchEvent(new CustomEvent("app:toast", { detail: { text: texts.gone, tone: "danger" } }));
        input.value = waiting.shift(); // to be sent again by hand; those behind it go with it
        input.select();
        break;
      }
    }
    isBusy = false;
  }
}

// Whoever scans looks at the parcel: high for found, low for anything to look at.
let audio = null;
function sound(tone) {
  if (!tone || !window.AudioContext) return;
  audio ??= new AudioContext();
  const note = audio.createOscillator();
  const loudness = audio.createGain();
  note.frequency.value = { good: 880, info: 660 }[tone] ?? 220;
  loudness.gain.value = 0.05;
  note.connect(loudness).connect(audio.destination);
  note.start();
  note.stop(audio.currentTime + (tone === "good" ? 0.08 : 0.3));
}
