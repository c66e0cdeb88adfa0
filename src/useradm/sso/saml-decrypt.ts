import type { Element } from "@xmldom/xmldom/lib/dom-parser.js";
import type { Deps } from "../../platform/deps.ts";
import type { Provider } from "./provider-store.ts";
import { serviceKeyOf } from "./saml-key.ts";
import { NS, only, textOf } from "./xml.ts";

const ENC11 = "http://www.w3.org/2009/xmlenc11#";
const SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1";
const MGF1_HASHES: Readonly<Record<string, string>> = {
  [`${ENC11}mgf1sha1`]: "SHA-1",
  [`${ENC11}mgf1sha256`]: "SHA-256",
  [`${ENC11}mgf1sha384`]: "SHA-384",
  [`${ENC11}mgf1sha512`]: "SHA-512",
};
const DIGEST_HASHES: Readonly<Record<string, string>> = {
  [SHA1]: "SHA-1",
  [`${NS.encryption}sha256`]: "SHA-256",
  "http://www.w3.org/2001/04/xmldsig-more#sha384": "SHA-384",
  [`${NS.encryption}sha512`]: "SHA-512",
};
/** How the assertion itself is encrypted, and bytes of the key. */
const CIPHERS: Readonly<Record<string, readonly [mode: "AES-GCM" | "AES-CBC", keyBytes: number]>> = {
  [`${ENC11}aes128-gcm`]: ["AES-GCM", 16],
  [`${ENC11}aes256-gcm`]: ["AES-GCM", 32],
  [`${NS.encryption}aes128-cbc`]: ["AES-CBC", 16],
  [`${NS.encryption}aes256-cbc`]: ["AES-CBC", 32],
};
const BLOCK = 16;
const GCM_IV = 12;

class Undecipherable extends Error {}

const algorithmOf = (
  element: Element,
  name: string,
  namespace: string = NS.encryption,
): Element | undefined => only(element, namespace, name);

const uriOf = (element: Element | undefined): string => element?.getAttribute("Algorithm") ?? "";

function cipherValue(element: Element): Buffer {
  const data = only(element, NS.encryption, "CipherData");
  const value = data && only(data, NS.encryption, "CipherValue");
  return Buffer.from(textOf(value), "base64");
}

/** The hash of OAEP, which is that of its mask as well: mixtures are not taken. */
function hashOf(method: Element): string {
  const digest = DIGEST_HASHES[uriOf(only(method, NS.signature, "DigestMethod")) || SHA1];
  const mask =
    uriOf(method) === `${ENC11}rsa-oaep`
      ? MGF1_HASHES[uriOf(only(method, ENC11, "MGF")) || `${ENC11}mgf1sha1`]
      : "SHA-1";
  const isOaep = [`${NS.encryption}rsa-oaep-mgf1p`, `${ENC11}rsa-oaep`].includes(uriOf(method));
  if (!isOaep || !digest || digest !== mask)
    throw new Undecipherable("the key is encrypted in a way we do not take");
  return digest;
}

/** What padding of the standard leaves: its last byte says how much there is, the others are anything. */
async function decryptCbc(key: CryptoKey, iv: Uint8Array, body: Uint8Array): Promise<Uint8Array> {
  if (body.length === 0 || body.length % BLOCK !== 0) throw new Undecipherable("not whole blocks");
  // The platform insists on padding of another kind: a block of it is put behind.
  const padding = await crypto.subtle.encrypt(
    { name: "AES-CBC", iv: body.slice(-BLOCK) },
    key,
    new Uint8Array(0),
  );
  const whole = Buffer.concat([body, new Uint8Array(padding)]);
  const plain = new Uint8Array(
    await crypto.subtle.decrypt({ name: "AES-CBC", iv: Uint8Array.from(iv) }, key, whole),
  );
  const padded = plain.at(-1) ?? 0;
  if (padded < 1 || padded > BLOCK) throw new Undecipherable("not padded");
  return plain.subarray(0, plain.length - padded);
}

async function plainOf(data: Element, keyBytes: Buffer): Promise<Uint8Array> {
  const [mode, length] = CIPHERS[uriOf(algorithmOf(data, "EncryptionMethod"))] ?? [];
  if (!mode || keyBytes.length !== length) throw new Undecipherable("encrypted in a way we do not take");
  const bytes = Uint8Array.from(cipherValue(data));
  const key = await crypto.subtle.importKey("raw", keyBytes, mode, false, [
    "decrypt",
    ...(mode === "AES-CBC" ? ["encrypt" as const] : []),
  ]);
  if (mode === "AES-CBC") return decryptCbc(key, bytes.subarray(0, BLOCK), bytes.subarray(BLOCK));
  const iv = bytes.slice(0, GCM_IV);
  return new Uint8Array(await crypto.subtle.decrypt({ name: mode, iv }, key, bytes.slice(GCM_IV)));
}

/**
 * The text of an encrypted assertion. Undefined for whatever reason it cannot be read: who tries out what opens learns of an
 * answer only whether it holds as a whole.
 */
export async function decryptedAssertion(
  deps: Deps,
  provider: Provider,
  encrypted: Element,
): Promise<string | undefined> {
  try {
    const data = only(encrypted, NS.encryption, "EncryptedData");
    const [key, more] = Array.from(encrypted.getElementsByTagNameNS(NS.encryption, "EncryptedKey"));
    const method = key && algorithmOf(key as Element, "EncryptionMethod");
    if (!data || !method || more) throw new Undecipherable("not one assertion with one key");
    const algorithm = { name: "RSA-OAEP", hash: hashOf(method) };
    const ours = await serviceKeyOf(deps, provider, algorithm, "decrypt");
    if (!ours) throw new Undecipherable("no key of ours");
    const opened = await crypto.subtle.decrypt("RSA-OAEP", ours, cipherValue(key as Element));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(
      await plainOf(data, Buffer.from(opened)),
    );
  } catch (cause) {
    deps.log.info("encrypted assertion not read", { provider: provider.id, cause });
    return undefined;
  }
}
