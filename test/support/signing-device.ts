import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import type { Answer, Server } from "./server.ts";

export const KEY_TYPES = ["rsa", "P-224", "P-256", "P-384", "P-521", "ed25519"] as const;
export type KeyType = (typeof KEY_TYPES)[number];

function newKeyPair(type: KeyType): { publicKey: KeyObject; privateKey: KeyObject } {
  if (type === "rsa") return generateKeyPairSync("rsa", { modulusLength: 2048 });
  if (type === "ed25519") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("ec", { namedCurve: type });
}

const AUTH_REQUESTS = "/api/devices/v1/authentication/auth_requests";

/** A device that asks for tokens as the published clients do: a key of its own and signed requests. */
export class SigningDevice {
  readonly pem: string;
  readonly identity: unknown;
  readonly #privateKey: KeyObject;

  constructor(identity: unknown, type: KeyType = "ed25519", keys = newKeyPair(type)) {
    const { publicKey, privateKey } = keys;
    this.identity = identity;
    this.pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    this.#privateKey = privateKey;
  }

  /** A device with keys that are given, as keys in the field may be. */
  static withKeys(identity: unknown, keys: ReturnType<typeof newKeyPair>): SigningDevice {
    return new SigningDevice(identity, "rsa", keys);
  }

  signature(body: string | Uint8Array): string {
    const digest = this.#privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
    return sign(digest, Buffer.from(body), this.#privateKey).toString("base64");
  }

  body(fields: Record<string, unknown> = {}): string {
    const id_data = typeof this.identity === "string" ? this.identity : JSON.stringify(this.identity);
    return JSON.stringify({ id_data, pubkey: this.pem, ...fields });
  }

  /** Sends a signed request with these fields beside identity and key. */
  ask(server: Server, fields: Record<string, unknown> = {}): Promise<Answer> {
    return this.send(server, this.body(fields));
  }

  /** Sends exactly these bytes, signed. */
  send(server: Server, body: string, headers: Record<string, string> = {}): Promise<Answer> {
    return server.call("POST", AUTH_REQUESTS, {
      body,
      headers: {
        "Content-Type": "application/json",
        "X-MEN-Signature": this.signature(body),
        Authorization: "API_KEY",
        ...headers,
      },
    });
  }
}
