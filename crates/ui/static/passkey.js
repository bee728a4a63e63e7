// Passkeys, on the page to log in and on the page of one's own account: asks the browser for one and tells the server.
// Without this script, or in a browser that knows no passkeys, those pages say so, and the password stays.

const place = document.getElementById("passkey");
const texts = JSON.parse(place?.dataset.texts ?? "{}");
const button = document.getElementById("passkey-go");
const said = document.getElementById("passkey-said");

/** Base64url, as the server writes bytes. */
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** What went wrong, by the word for which there is a text. */
class Refused extends Error {}

async function ask(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Refused(answer.status === 401 ? "late" : (told.reason ?? "other"));
  return told;
}

async function logIn() {
  const name = document.getElementById("name")?.value.trim();
  const asked = await ask("/access/passkeys/login/options", name ? { name } : {});
  const shown = await navigator.credentials.get({
    publicKey: { ...asked, challenge: bytes(asked.challenge), allowCredentials: [] },
  });
  const { response } = shown;
  const led = await ask("/access/passkeys/login", {
    next: place.dataset.next,
    credential: {
      id: shown.id,
      type: shown.type,
      response: {
        clientDataJSON: text(response.clientDataJSON),
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
        userHandle: response.userHandle ? text(response.userHandle) : null,
      },
    },
  });
  location.assign(led.next);
}

async function add() {
  const form_token = place.dataset.formToken;
  const password = document.getElementById("passkey-new-password");
  const name = document.getElementById("passkey-new-name").value.trim();
  if (!name) throw new Refused("name");
  const asked = await ask("/access/passkeys/options", { form_token, password: password.value });
  const made = await navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: asked.excludeCredentials.map((known) => ({ ...known, id: bytes(known.id) })),
    },
  });
  const { response } = made;
  await ask("/access/passkeys", {
    form_token,
    name,
    credential: {
      id: made.id,
      type: made.type,
      response: {
        clientDataJSON: text(response.clientDataJSON),
        attestationObject: text(response.attestationObject),
        transports: response.getTransports?.() ?? [],
      },
    },
  });
  location.assign("/account?done=passkey");
}

/** The word for what a browser says. */
function reason(error) {
  if (error instanceof Refused) return error.message;
  if (error?.name === "InvalidStateError") return "known";
  if (error?.name === "NotAllowedError" || error?.name === "AbortError") return "aborted";
  if (error?.name === "SecurityError") return "site";
  return "other";
}

async function run(ceremony) {
  button.disabled = true;
  said.className = "";
  said.textContent = texts.waiting;
  try {
    await ceremony();
  } catch (error) {
    said.className = "notice";
    said.textContent = texts[reason(error)] ?? texts.other;
    said.focus();
  } finally {
    button.disabled = false;
  }
}

if (place && button && said) {
  const without = document.getElementById("passkey-without");
  const form = document.getElementById("passkey-add");
  if (!globalThis.PublicKeyCredential || !navigator.credentials) {
    without.textContent = texts["unknown-browser"];
  } else if (place.dataset.origin !== location.origin) {
    without.textContent = [texts.site, place.dataset.origin].join(" ").trim();
  } else {
    without.hidden = true;
    (form ?? button).hidden = false;
    if (form) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        void run(add);
      });
    } else {
      button.addEventListener("click", () => void run(logIn));
    }
  }
}
