import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { UsageError } from "./flags.ts";
import { readIfPresent, writePrivately, type DataFolder } from "./data-folder.ts";

const SIGNING_KEY = "signing-key.pem";
const OPERATOR_TOKEN = "operator-token";
const SHORTEST_TOKEN = 16;

export const newToken = (): string => randomBytes(24).toString("base64url");

function keep(folder: DataFolder, name: string, make: () => string): string {
  const known = readIfPresent(folder.file(name));
  if (known !== undefined) return known.trim();
  const made = make();
  writePrivately(folder.file(name), `${made.trim()}\n`);
  return made.trim();
}

const newSigningKey = () =>
  generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();

/** Whether tokens can be signed with it; `public` halves will do for verifying. */
function isKey(pem: string, kind: "private" | "any"): boolean {
  try {
    const key = kind === "any" && !pem.includes("PRIVATE KEY") ? createPublicKey(pem) : createPrivateKey(pem);
    return ["ed25519", "rsa"].includes(key.asymmetricKeyType ?? "");
  } catch {
    return false;
  }
}

function openSigningKey(folder: DataFolder): string {
  const key = keep(folder, SIGNING_KEY, newSigningKey);
  if (!isKey(key, "private"))
    throw new UsageError(
      `${folder.file(SIGNING_KEY)} is not a PEM private key (Ed25519 or RSA): put the old file back, or remove it to have a new key made, after which users log in and devices authenticate again`,
    );
  return key;
}

function openOperatorToken(folder: DataFolder, given: string | undefined): string {
  if (given !== undefined) writePrivately(folder.file(OPERATOR_TOKEN), `${given}\n`);
  const token = keep(folder, OPERATOR_TOKEN, newToken);
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < SHORTEST_TOKEN)
    throw new UsageError(
      `${folder.file(OPERATOR_TOKEN)} does not hold a token of at least ${SHORTEST_TOKEN} characters: remove it to have one made, or give one with --operator-token`,
    );
  return token;
}

export interface Secrets {
  signingKey: string;
  operatorToken: string;
}

/** The secrets of this data folder, made on first use. A token given by the user replaces the kept one. */
export const openSecrets = (folder: DataFolder, operatorToken: string | undefined): Secrets => ({
  signingKey: openSigningKey(folder),
  operatorToken: openOperatorToken(folder, operatorToken),
});

/** `SIGNING_KEY_FALLBACK` is given on the command line or in `wrangler.toml`. */
export function checkFallbackKey(pem: string | undefined): void {
  if (pem !== undefined && !isKey(pem, "any"))
    throw new UsageError(
      "SIGNING_KEY_FALLBACK is not a PEM key (Ed25519 or RSA): give the old key, or leave it out",
    );
}
