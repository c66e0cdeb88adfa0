import { scrypt } from "node:crypto";

/** `N` is 2 to the power of `ln`. */
export interface ScryptCost {
  ln: number;
  r: number;
  p: number;
}

export interface ScryptInput extends ScryptCost {
  password: string;
  /** Base64. */
  salt: string;
  bytes: number;
}

/** Derives a key from a password, which takes a good part of a second on purpose. */
export type Scrypt = (input: ScryptInput) => Promise<Buffer>;

export const deriveHere: Scrypt = ({ password, salt, bytes, ln, r, p }) =>
  new Promise((resolve, reject) => {
    const options = { N: 2 ** ln, r, p, maxmem: 2 ** ln * r * 256 };
    scrypt(password, Buffer.from(salt, "base64"), bytes, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });

/**
 * The function of this name is asynchronous in the runtime and yet holds up everything else of its thread. A server on
 * one machine has one such thread for all, so there the process around it derives keys, on threads made for that.
 */
export const scryptOf = (host: Fetcher | undefined): Scrypt =>
  host === undefined
    ? deriveHere
    : async (input) => {
        const answer = await host.fetch("http://host/scrypt", {
          method: "POST",
          body: JSON.stringify(input),
        });
        if (!answer.ok) throw new Error(`no key derived: ${answer.status}`);
        return Buffer.from(await answer.arrayBuffer());
      };
