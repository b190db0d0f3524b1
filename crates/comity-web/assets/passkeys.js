// Forms with data-passkey="create" or "get": asks the node for a challenge and the browser for a passkey, and sends what the
// authenticator said with the form. Where there are no passkeys the forms stay hidden, as without scripts. Words: data-none where
// none was given, data-there where the account has it already.

const WAIT_MS = 20000;
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const written = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const asked = {
  create: async (publicKey) => {
    publicKey.user.id = bytes(publicKey.user.id);
    for (const one of publicKey.excludeCredentials) one.id = bytes(one.id);
    const { response } = await navigator.credentials.create({ publicKey });
    return { client: response.clientDataJSON, authenticator: response.getAuthenticatorData() };
  },
  get: async (publicKey) => {
    const { rawId, response } = await navigator.credentials.get({ publicKey });
    return {
      credential: rawId,
      client: response.clientDataJSON,
      authenticator: response.authenticatorData,
      signature: response.signature,
      user_handle: response.userHandle ?? new ArrayBuffer(0),
    };
  },
};

const say = (form, words) => {
  const said = form.querySelector("[role=alert]") ?? document.createElement("p");
  said.setAttribute("role", "alert");
  said.textContent = words;
  form.append(said);
};

const send = async (form) => {
  const body = new URLSearchParams(new FormData(form));
  const signal = AbortSignal.timeout(WAIT_MS);
  const told = await fetch(`${form.getAttribute("action")}/challenge`, { method: "POST", body, signal });
  // What the node has against it is said on a page of its own.
  if (!told.ok) return form.submit();
  const publicKey = await told.json();
  publicKey.challenge = bytes(publicKey.challenge);
  for (const [name, value] of Object.entries(await asked[form.dataset.passkey](publicKey))) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = written(value);
    form.append(field);
  }
  form.submit();
};

for (const form of window.PublicKeyCredential ? document.querySelectorAll("form[data-passkey]") : []) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form).catch((error) => say(form, error.name === "InvalidStateError" ? form.dataset.there : form.dataset.none));
  });
}
