import * as der from "../../platform/der.ts";
import type { Deps } from "../../platform/deps.ts";
import { seal, unseal } from "../../platform/seal.ts";
import type { Provider, ServiceKey } from "./provider-store.ts";

const SIGNING = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
const BITS = 2048;
const RSA_SHA256 = der.sequence(der.oid("1.2.840.113549.1.1.11"), Buffer.from([0x05, 0x00]));
const YEARS = 20;

const contextOf = (id: string) => `sso key for ${id}`;

/** A certificate that says no more than the key: services of SAML are known by what was configured. */
async function certificateOf(
  { publicKey, privateKey }: CryptoKeyPair,
  { from, until }: { from: Date; until: Date },
): Promise<string> {
  const name = der.sequence(der.set(der.sequence(der.oid("2.5.4.3"), der.utf8("Edgemend"))));
  const serial = crypto.getRandomValues(new Uint8Array(16));
  const spki = (await crypto.subtle.exportKey("spki", publicKey)) as ArrayBuffer; // of this format it is one
  const body = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))),
    der.integer(serial),
    RSA_SHA256,
    name,
    der.sequence(der.time(from), der.time(until)),
    name,
    new Uint8Array(spki),
  );
  const signature = await crypto.subtle.sign(SIGNING.name, privateKey, body);
  return der.sequence(body, RSA_SHA256, der.bitString(new Uint8Array(signature))).toString("base64");
}

export async function newServiceKey(deps: Deps, id: string): Promise<ServiceKey> {
  const algorithm = { ...SIGNING, modulusLength: BITS, publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair; // of this algorithm it is a pair
  const pkcs8 = (await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer; // as above
  const [from, until] = [new Date(deps.now()), new Date(deps.now())];
  until.setUTCFullYear(from.getUTCFullYear() + YEARS);
  return {
    certificate: await certificateOf(pair, { from, until }),
    endsMs: until.getTime(),
    sealed: await seal(deps.keys, Buffer.from(pkcs8).toString("base64"), contextOf(id)),
  };
}

const opened = async (
  deps: Deps,
  { id, serviceKey }: Pick<Provider, "id" | "serviceKey">,
): Promise<string | undefined> =>
  serviceKey ? unseal(deps.keys, serviceKey.sealed, contextOf(id)) : undefined;

/** Whether there is a key of ours that can be used. */
export const hasServiceKey = async (
  deps: Deps,
  provider: Pick<Provider, "id" | "serviceKey">,
): Promise<boolean> => (await opened(deps, provider)) !== undefined;

/** The private key for a use; undefined where there is none, or none that opens. */
export async function serviceKeyOf(
  deps: Deps,
  provider: Provider,
  algorithm: { name: string; hash: string },
  use: "sign" | "decrypt",
): Promise<CryptoKey | undefined> {
  const text = await opened(deps, provider);
  if (text === undefined) return undefined;
  return crypto.subtle.importKey("pkcs8", Buffer.from(text, "base64"), algorithm, false, [use]);
}

/** The signature of a text (RSA with SHA-256), as base64; undefined where there is no key. */
export async function signedByUs(deps: Deps, provider: Provider, text: string): Promise<string | undefined> {
  const key = await serviceKeyOf(deps, provider, SIGNING, "sign");
  if (!key) return undefined;
  return Buffer.from(await crypto.subtle.sign(SIGNING.name, key, Buffer.from(text))).toString("base64");
}
