// Changes the theme at once when a button named "theme" (dark, light or system) sends its form; the node is told without leaving
// the page.

document.addEventListener("submit", async (event) => {
  const chosen = event.submitter;
  if (event.defaultPrevented || chosen?.name !== "theme") return;
  event.preventDefault();
  const form = event.target;
  const root = document.documentElement;
  if (chosen.value === "system") delete root.dataset.theme;
  else root.dataset.theme = chosen.value;
  const body = new URLSearchParams(new FormData(form, chosen));
  try {
    await fetch(form.action, { method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(10_000) });
  } catch {
    // The choice holds on this page; the next page asks the node.
  }
});
