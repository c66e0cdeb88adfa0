import { api, bodyOf } from "./client.ts";
import { keepSession } from "./session.ts";
import type { components } from "./schema.d.ts";

type Made = components["schemas"]["NewPasskey"]["credential"];
type Shown = components["schemas"]["PasskeyAssertion"];

/** Whether this browser, at this address, knows passkeys: they are of names and not of numbers. */
export const hasPasskeys = (): boolean =>
  typeof PublicKeyCredential === "function" &&
  "parseCreationOptionsFromJSON" in PublicKeyCredential &&
  !/^[\d.]+$|^\[/.test(location.hostname);

const none = () => new Error("no passkey was chosen");

/** As the server takes it; browsers write it down themselves. */
const written = (credential: Credential | null): unknown => {
  if (!(credential instanceof PublicKeyCredential)) throw none();
  return credential.toJSON();
};

/** What the browser was asked and did not do is told in its own words, which are long. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
    if (cause.name === "NotAllowedError") throw none();
    if (cause.name === "InvalidStateError") throw new Error("this device has a passkey here already");
    throw new Error(cause.message);
  }
}

const USER = "/api/management/v1/useradm/users/me/passkeys";

/** Lets the browser make a passkey and gives it to the server. */
export async function addPasskey(name: string, password: string): Promise<void> {
  const options = bodyOf(await api.POST(`${USER}/options`, { body: { current_password: password } }));
  const made = await asked(async () =>
    written(
      await navigator.credentials.create({
        // The server's options are those of the standard.
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(
          options as unknown as PublicKeyCredentialCreationOptionsJSON,
        ),
      }),
    ),
  );
  await api.POST(USER, { body: { name, credential: made as Made } });
}

/** Signs in with a passkey, which stands for both factors. */
export async function signInByPasskey(): Promise<void> {
  const options = bodyOf(await api.POST("/api/management/v1/useradm/auth/passkey/options"));
  const shown = await asked(async () =>
    written(
      await navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(
          options as unknown as PublicKeyCredentialRequestOptionsJSON,
        ),
      }),
    ),
  );
  const { data } = await api.POST("/api/management/v1/useradm/auth/passkey/login", {
    body: { credential: shown as Shown },
    parseAs: "text",
  });
  await keepSession(data ?? "");
}
