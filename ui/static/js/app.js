// Comfort on every page: shortcuts, row selection, dialogs, toasts. Pages work without it.
const root = document.documentElement;
root.classList.add("has-js");

const texts = () => document.getElementById("js-texts").dataset;
const isTyping = (target) =>
  target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") !== null;

// --- Dialogs and menus -------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog).showModal();
  if (event.target.closest("[data-close-dialog]")) event.target.closest("dialog").close();
  if (event.target.closest("[data-dismiss]")) event.target.closest(".toast-message").remove();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  if (isTyping(event.target)) event.target.blur();
});

// --- Toasts ------------------------------------------------------------------------------
function toast(text, tone = "warning") {
  const box = document.createElement("div");
  box.className = `toast-message toast-${tone}`;
  box.textContent = text;
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), 8000);
}
document.addEventListener("app:toast", (event) => toast(event.detail.text, event.detail.tone));
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast(texts().gone, "danger"));
}

// The time to undo runs down in sight; then the button goes, since nothing could be undone.
for (const button of document.querySelectorAll("[data-undo]")) {
  let left = Number(button.dataset.undo);
  const clock = setInterval(() => {
    left -= 1;
    button.querySelector("bdi").textContent = `(${left} s)`;
    if (left > 0) return;
    clearInterval(clock);
    button.closest(".toast-message").remove();
  }, 1000);
}

// --- Rows of a table ---------------------------------------------------------------------
const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")];
let lastChecked = null;

function moveRow(step) {
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex((row) => row.classList.contains("is-current"));
  const next = Math.min(all.length - 1, Math.max(0, now + step));
  if (now >= 0) all[now].classList.remove("is-current");
  all[next].classList.add("is-current");
  all[next].querySelector("a").focus({ preventScroll: true });
  all[next].scrollIntoView({ block: "nearest" });
}

function currentRow() {
  return document.querySelector("[data-row].is-current");
}

function checkRow(row, upTo) {
  const box = row?.querySelector(".row-check");
  if (!box) return;
  const all = rows();
  if (upTo && lastChecked) {
    const [from, to] = [all.indexOf(lastChecked), all.indexOf(row)].sort((a, b) => a - b);
    all.slice(from, to + 1).forEach((each) => (each.querySelector(".row-check").checked = true));
  } else {
    box.checked = !box.checked;
  }
  lastChecked = row;
  showSelection();
}

function showSelection() {
  const count = document.querySelectorAll(".row-check:checked").length;
  const place = document.querySelector("[data-selected-count]");
  if (place) place.textContent = count === 1 ? texts().selectedOne : texts().selectedMany.replace("{n}", count);
}

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-row]");
  if (!row || event.target.closest("a, button, input, label, summary")) return;
  const link = row.querySelector("[data-open-row]");
  if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
  else if (!getSelection().toString()) link.click();
});

// Who comes back to a list, by whatever way, stands on the row that was opened.
const openedRow = `opened:${location.pathname}`;
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-rows] [data-open-row]");
  if (link) sessionStorage.setItem(openedRow, link.getAttribute("href"));
});
function backToRow() {
  const opened = sessionStorage.getItem(openedRow);
  const row = opened && rows().find((each) => each.querySelector("[data-open-row]")?.getAttribute("href") === opened);
  if (!row) return;
  sessionStorage.removeItem(openedRow);
  row.classList.add("is-current");
  row.querySelector("[data-open-row]").focus({ preventScroll: true });
  row.scrollIntoView({ block: "center" });
}
backToRow();

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-check-all]")) {
    document.querySelectorAll(".row-check").forEach((box) => (box.checked = event.target.checked));
  }
  if (event.target.matches("[data-check-all], .row-check")) {
    lastChecked = event.target.closest("[data-row]") ?? lastChecked;
    showSelection();
  }
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-clear-selection]")) {
    document.querySelectorAll(".row-check, [data-check-all], [name=everything]").forEach((box) => (box.checked = false));
    showSelection();
  }
  const density = event.target.closest("[data-density]");
  if (density) setDensity(root.dataset.density !== "dense");
});

// --- Density, remembered -----------------------------------------------------------------
function setDensity(dense) {
  root.dataset.density = dense ? "dense" : "normal";
  localStorage.setItem("density", root.dataset.density);
  document.querySelectorAll("[data-density]:not(html)").forEach((button) => button.setAttribute("aria-pressed", dense));
}
setDensity(localStorage.getItem("density") === "dense");
document.addEventListener("htmx:afterSwap", () => setDensity(root.dataset.density === "dense"));

// --- Shortcuts: by the place of the key, so that Arabic and AZERTY keyboards do the same -----
let goPending = 0;
const rowKeys = {
  KeyJ: () => moveRow(1),
  KeyK: () => moveRow(-1),
  KeyX: (event) => checkRow(currentRow(), event.shiftKey),
  Enter: () => currentRow()?.querySelector("[data-open-row]").click(),
  KeyO: () => currentRow()?.querySelector("[data-open-row]").click(),
};

function press(selector) {
  const target = [...document.querySelectorAll(selector)].find((each) => each.checkVisibility());
  if (!target) return false;
  target.click();
  return true;
}

function onPlainKey(event) {
  if (Date.now() < goPending) {
    goPending = 0;
    return press(`[data-go="${event.code.replace("Key", "").toLowerCase()}"]`);
  }
  if (event.code === "KeyG") {
    goPending = Date.now() + 1500;
    return true;
  }
  if (event.key === "/") {
    document.querySelector('[data-shortcut="search"]')?.focus();
    return true;
  }
  if (event.key === "?") {
    document.getElementById("keyboard-help").showModal();
    return true;
  }
  if (event.shiftKey && press(`[data-shift-key="${event.code}"]`)) return true;
  if (rows().length && rowKeys[event.code] && !event.target.closest("button, summary")) {
    if (event.code === "Enter" && event.target.closest("a, input")) return false;
    rowKeys[event.code](event);
    return true;
  }
  return !event.shiftKey && press(`[data-key="${event.code}"]`);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey) {
    if (event.code === "KeyK") {
      event.preventDefault();
      document.querySelector('[data-shortcut="search"]')?.focus();
    } else if (press(`[data-ctrl-key="${event.code}"]`)) event.preventDefault();
    return;
  }
  if (event.altKey || root.dataset.shortcuts === "off" || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (onPlainKey(event)) event.preventDefault();
});

// --- After an error the first wrong thing has the focus -----------------------------------
document.querySelector("[data-first-error]")?.focus();
