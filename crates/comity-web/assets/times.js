// Beside each <time datetime data-relative>, how long ago or how far ahead it is, in the page's language; the time itself stays.

const UNITS = [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto" });

function say(time) {
  const then = Date.parse(time.dateTime);
  if (Number.isNaN(then)) return;
  const seconds = Math.round((then - Date.now()) / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["minute", 60];
  const text = ` (${words.format(Math.trunc(seconds / size), unit)})`;
  let beside = time.nextElementSibling;
  if (!beside?.matches("[data-ago]")) {
    beside = document.createElement("span");
    beside.dataset.ago = "";
    beside.className = "muted screen-only";
    time.after(beside);
    if (!time.title) time.title = new Date(then).toISOString();
  }
  if (beside.textContent !== text) beside.textContent = text;
}

const all = () => document.querySelectorAll("time[datetime][data-relative]").forEach(say);
all();
setInterval(all, 60_000);
