// Changes the theme at once. <form data-theme-form> with an input "theme" (the one wanted) is posted as it would be without this;
// its button's names are data-light and data-dark.

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const input = form.elements.namedItem("theme");
  if (event.defaultPrevented || !form.matches("form[data-theme-form]") || !input) return;
  event.preventDefault();
  const wanted = input.value === "dark" ? "dark" : "light";
  const other = wanted === "dark" ? "light" : "dark";
  const body = new URLSearchParams(new FormData(form));
  document.documentElement.dataset.theme = wanted;
  input.value = other;
  const button = form.querySelector("button");
  if (button?.dataset[other]) button.textContent = button.dataset[other];
  try {
    await fetch(form.action, { method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(10_000) });
  } catch {
    // The choice holds on this page; the next page asks the node.
  }
});
