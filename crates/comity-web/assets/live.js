// Tells that rows are new, and leaves every row where it is until the reader asks.
//
// <body data-events="/events?of=..." data-live-one="1 new row" data-live-many="{n} new rows" data-live-show="Show">: the address
// answers with a stream of server-sent events (unnamed, or named "changed"; data {"id": "...", "version": "..."}). Where the
// stream cannot be had, the same address is asked every 15 seconds as JSON, with "after" set to the last id: {"changes": [{"id", "version"}],
// "last": "..."}; the first answer, without "after", only says where to begin.

const POLL_MS = 15_000;
const ANSWER_MS = 10_000;
const seen = new Set();
let after = null;
let bar = null;

function note(change, fallback) {
  seen.add(typeof change?.id === "string" ? change.id : fallback);
  show();
}

function show() {
  const words = document.body.dataset;
  if (!bar) {
    bar = document.createElement("div");
    bar.className = "live notice";
    bar.setAttribute("role", "status");
    const text = document.createElement("span");
    const button = document.createElement("button");
    button.className = "button";
    button.textContent = words.liveShow ?? "";
    button.addEventListener("click", () => location.reload());
    bar.append(text, " ", button);
    document.body.append(bar);
  }
  const text = seen.size === 1 ? words.liveOne : words.liveMany;
  bar.firstChild.textContent = (text ?? "{n}").replace("{n}", String(seen.size));
}

function read(event) {
  let change = null;
  try {
    change = JSON.parse(event.data);
  } catch {
    // An event without a body we know still says that something is new.
  }
  if (event.lastEventId) after = event.lastEventId;
  note(change, event.lastEventId || event.data);
}

async function poll(address) {
  const url = new URL(address, location.href);
  if (after !== null) url.searchParams.set("after", after);
  try {
    const answer = await fetch(url, { headers: { accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
    // Signed out, or nothing to follow: asking again would change nothing.
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return;
    if (answer.ok) {
      const said = await answer.json();
      if (after !== null) for (const change of said.changes ?? []) note(change, JSON.stringify(change));
      after = said.last ?? after ?? "";
    }
  } catch {
    // No answer now; the next one comes.
  }
  setTimeout(poll, POLL_MS, address);
}

const address = document.body.dataset.events;
if (address) {
  const stream = new EventSource(address);
  stream.addEventListener("message", read);
  stream.addEventListener("changed", read);
  stream.addEventListener("error", () => {
    // A broken stream is taken up again by the browser; a refused one is not.
    if (stream.readyState === EventSource.CLOSED) poll(address);
  });
  addEventListener("pagehide", () => stream.close());
}
