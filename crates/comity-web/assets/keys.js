// Keys of a page: each does what a link or a button of the page does.
//
// / and Ctrl-K go to the search box. A link or button with data-key="g h" (keys one after the other) is pressed by them; one
// inside of a row is pressed for the row that has the focus. j and k go from row to row ([data-row]), Enter follows the row's
// link, x picks the row, ? lists all of this. Words come from <template data-keys-words data-title data-close data-search
// data-down data-up data-open data-pick data-help>. <html data-keys="off"> turns off all but Ctrl-K and Escape (WCAG 2.1.4).

const PAUSE_MS = 1000;
let typed = [];
let last = 0;

const search = () => document.querySelector("form.search input");
const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.getClientRects().length > 0);
const rowOf = (element) => element?.closest?.("[data-row]") ?? null;
const linkOf = (row) => row.querySelector(".title a[href], .what a[href]") ?? row.querySelector("a[href]");

function goTo(row) {
  const link = linkOf(row);
  if (!link) row.tabIndex = -1;
  (link ?? row).focus();
}

function step(by) {
  const all = rows();
  const at = all.indexOf(rowOf(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
  if (all[next]) goTo(all[next]);
}

function pick() {
  rowOf(document.activeElement)?.querySelector("input[type=checkbox]")?.click();
}

// The elements that keys press now: those of the row in focus before those of the page.
function pressed() {
  const row = rowOf(document.activeElement);
  const all = [...document.querySelectorAll("[data-key]")];
  const mine = row ? all.filter((element) => row.contains(element)) : [];
  return [...mine, ...all.filter((element) => !rowOf(element))];
}

function press(element) {
  if (element.matches("input:not([type=checkbox], [type=radio]), select, textarea")) element.focus();
  else element.click();
}

function help() {
  if (document.querySelector("dialog[data-keys-help]")) return;
  const words = document.querySelector("template[data-keys-words]")?.dataset ?? {};
  const dialog = document.createElement("dialog");
  dialog.dataset.keysHelp = "";
  const title = document.createElement("h2");
  title.id = "keys-title";
  title.textContent = words.title ?? "?";
  dialog.setAttribute("aria-labelledby", title.id);
  const list = document.createElement("dl");
  list.className = "facts";
  const line = (keys, text) => {
    if (!text) return;
    const pair = document.createElement("div");
    const name = document.createElement("dt");
    for (const key of keys.split(" ")) {
      const kbd = document.createElement("kbd");
      kbd.textContent = key;
      name.append(kbd, " ");
    }
    const what = document.createElement("dd");
    what.textContent = text;
    pair.append(name, what);
    list.append(pair);
  };
  line("/ Ctrl-K", words.search);
  if (rows().length > 0) {
    line("j", words.down);
    line("k", words.up);
    line("Enter", words.open);
    line("x", words.pick);
  }
  line("?", words.help);
  const seen = new Set();
  for (const element of document.querySelectorAll("[data-key]")) {
    const key = element.dataset.key;
    if (seen.has(key)) continue;
    seen.add(key);
    const copy = element.cloneNode(true);
    for (const count of copy.querySelectorAll(".count")) count.remove();
    line(key, element.getAttribute("aria-label") ?? copy.textContent.trim());
  }
  const close = document.createElement("button");
  close.className = "button";
  close.textContent = words.close ?? "\u00d7";
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(title, list, close);
  document.body.append(dialog);
  dialog.showModal();
}

function typing(target) {
  return target.isContentEditable || target.matches?.("textarea, select, input:not([type=checkbox], [type=radio], [type=submit], [type=button])");
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    const box = search();
    if (box) {
      event.preventDefault();
      box.select();
      box.focus();
    }
    return;
  }
  if (event.key === "Escape" && event.target === search()) search().blur();
  if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1 && event.key !== "Enter") return;
  if (document.documentElement.dataset.keys === "off" || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter") {
    if (event.target.matches?.("[data-row]")) linkOf(event.target)?.click();
    return;
  }
  typed = event.timeStamp - last > PAUSE_MS ? [event.key] : [...typed, event.key];
  last = event.timeStamp;
  const elements = pressed();
  for (const keys of [typed.join(" "), event.key]) {
    const element = elements.find((element) => element.dataset.key === keys);
    if (element) {
      typed = [];
      event.preventDefault();
      press(element);
      return;
    }
  }
  if (elements.some((element) => element.dataset.key.startsWith(`${typed.join(" ")} `))) {
    event.preventDefault();
    return;
  }
  typed = [];
  const acts = { "/": () => { const box = search(); box?.select(); box?.focus(); }, "j": () => step(1), "k": () => step(-1), "x": pick, "?": help };
  if (Object.hasOwn(acts, event.key)) {
    event.preventDefault();
    acts[event.key]();
  }
});
