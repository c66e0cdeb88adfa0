import { encodeCBOR, type CBORType } from "@levischuck/tiny-cbor";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest();
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

const PRESENT = 1;
const VERIFIED = 4;
const ATTESTED = 64;

export interface Quirks {
  origin?: string;
  rpId?: string;
  /** The user was there, and no more. */
  isUnverified?: boolean;
  counter?: number;
  type?: string;
  userHandle?: string | null;
  fmt?: string;
  attestation?: Map<string, CBORType>;
}

/** A device with one passkey, in software (WebAuthn 6). */
export class Authenticator {
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly id = base64url(randomBytes(16));
  counter = 0;
  userHandle = "";
  /** Of the page that talks to it. */
  readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  #clientData(type: string, challenge: string, { origin = this.origin, type: other = type }: Quirks) {
    return Buffer.from(JSON.stringify({ type: other, challenge, origin, crossOrigin: false }));
  }

  #data({ rpId = new URL(this.origin).hostname, isUnverified, counter }: Quirks, more?: Uint8Array) {
    const flags = PRESENT | (isUnverified ? 0 : VERIFIED) | (more ? ATTESTED : 0);
    const head = Buffer.alloc(5);
    head.writeUInt8(flags);
    head.writeUInt32BE(counter ?? this.counter, 1);
    return Buffer.concat([sha256(rpId), head, more ?? Buffer.alloc(0)]);
  }

  #publicKey() {
    const { x = "", y = "" } = this.#keys.publicKey.export({ format: "jwk" });
    return encodeCBOR(
      new Map<number, CBORType>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, new Uint8Array(Buffer.from(x, "base64url"))],
        [-3, new Uint8Array(Buffer.from(y, "base64url"))],
      ]),
    );
  }

  #credential() {
    return { id: this.id, rawId: this.id, type: "public-key" };
  }

  /** What `navigator.credentials.create` answers. */
  create(options: { challenge: string; user: { id: string } }, quirks: Quirks = {}) {
    this.userHandle = options.user.id;
    const id = Buffer.from(this.id, "base64url");
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const attested = Buffer.concat([Buffer.alloc(16), length, id, this.#publicKey()]);
    const attestation = encodeCBOR(
      new Map<string, CBORType>([
        ["fmt", quirks.fmt ?? "none"],
        ["attStmt", quirks.attestation ?? new Map()],
        ["authData", new Uint8Array(this.#data(quirks, attested))],
      ]),
    );
    return {
      ...this.#credential(),
      clientExtensionResults: {},
      authenticatorAttachment: "platform",
      response: {
        clientDataJSON: base64url(this.#clientData("webauthn.create", options.challenge, quirks)),
        attestationObject: base64url(attestation),
        transports: ["internal"],
      },
    };
  }

  /** What `navigator.credentials.get` answers. */
  get(options: { challenge: string }, quirks: Quirks = {}) {
    this.counter += 1;
    const clientData = this.#clientData("webauthn.get", options.challenge, quirks);
    const data = this.#data(quirks);
    const signature = sign("sha256", Buffer.concat([data, sha256(clientData)]), this.#keys.privateKey);
    return {
      ...this.#credential(),
      clientExtensionResults: {},
      response: {
        clientDataJSON: base64url(clientData),
        authenticatorData: base64url(data),
        signature: base64url(signature),
        userHandle: quirks.userHandle === undefined ? this.userHandle : quirks.userHandle,
      },
    };
  }
}
