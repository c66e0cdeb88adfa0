import type { Keys } from "./keys.ts";

const IV_BYTES = 12;

const algorithm = (iv: Uint8Array<ArrayBuffer>, context: string) => ({
  name: "AES-GCM",
  iv,
  additionalData: new TextEncoder().encode(context),
});

const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

/** Encrypts a secret that must lie in the database; it opens in this context only, so that no row can hold that of another. */
export async function seal({ seals: [current] }: Keys, secret: string, context: string): Promise<string> {
  if (!current) throw new Error("no key to encrypt with");
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const text = new TextEncoder().encode(secret);
  const sealed = await crypto.subtle.encrypt(algorithm(iv, context), current.key, text);
  return [current.id, encode(iv), encode(new Uint8Array(sealed))].join(".");
}

/** Undefined if none of the keys opens it. */
export async function unseal({ seals }: Keys, sealed: string, context: string): Promise<string | undefined> {
  const [id, iv = "", text = ""] = sealed.split(".");
  const key = seals.find((one) => one.id === id)?.key;
  if (!key) return undefined;
  try {
    const bytes = Uint8Array.from(Buffer.from(iv, "base64url"));
    const opened = await crypto.subtle.decrypt(
      algorithm(bytes, context),
      key,
      Buffer.from(text, "base64url"),
    );
    return new TextDecoder().decode(opened);
  } catch {
    return undefined;
  }
}

/** What a text that the present key has sealed begins with. */
export const presentSeal = ({ seals: [current] }: Keys): string => `${current?.id}.`;
