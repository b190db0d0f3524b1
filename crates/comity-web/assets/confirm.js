// Asks before a form with data-confirm="..." is sent. The node asks on a page of its own where this does not run; a form that was
// confirmed here carries confirmed=yes. Words: <template data-confirm-words data-yes data-no>.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("form[data-confirm]") || form.elements.namedItem("confirmed")) return;
  event.preventDefault();
  const words = document.querySelector("template[data-confirm-words]")?.dataset ?? {};
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  text.id = "confirm-text";
  text.textContent = form.dataset.confirm;
  dialog.setAttribute("aria-labelledby", text.id);
  const button = (label, className, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = className;
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  };
  const no = button(words.no ?? "\u2717", "button plain", () => dialog.close());
  const yes = button(words.yes ?? "\u2713", "button danger", () => {
    dialog.close();
    const said = document.createElement("input");
    said.type = "hidden";
    said.name = "confirmed";
    said.value = "yes";
    form.append(said);
    form.requestSubmit(event.submitter);
  });
  const actions = document.createElement("p");
  actions.className = "actions";
  actions.append(no, yes);
  dialog.append(text, actions);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  no.focus();
});
