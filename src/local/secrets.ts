import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readIfPresent, writePrivately, type DataFolder } from "./data-folder.ts";

const SIGNING_KEY = "signing-key.pem";
const OPERATOR_TOKEN = "operator-token";

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

export interface Secrets {
  signingKey: string;
  operatorToken: string;
}

/** The secrets of this data folder, made on first use. A token given by the user replaces the kept one. */
export function openSecrets(folder: DataFolder, operatorToken: string | undefined): Secrets {
  if (operatorToken !== undefined) writePrivately(folder.file(OPERATOR_TOKEN), `${operatorToken}\n`);
  return {
    signingKey: keep(folder, SIGNING_KEY, newSigningKey),
    operatorToken: keep(folder, OPERATOR_TOKEN, newToken),
  };
}
