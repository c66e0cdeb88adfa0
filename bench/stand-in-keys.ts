import { createHash } from "node:crypto";
import { pemOf } from "../src/deviceauth/stored-key.ts";

/** What every public RSA key of 3072 bits has around its modulus. */
const [HEAD, TAIL] = ["308201a2300d06092a864886f70d01010105000382018f003082018a0282018100", "0203010001"].map(
  (hex) => Buffer.from(hex, "hex"),
) as [Buffer, Buffer];
const MODULUS_BYTES = 384;

/**
 * The public key, in PEM, of a device that signs nothing: an RSA key of 3072 bits, which is what devices make unless told otherwise,
 * of which nobody has the private one. The same index has the same key.
 */
export function standInPem(index: number): string {
  const modulus = createHash("shake256", { outputLength: MODULUS_BYTES }).update(`key ${index}`).digest();
  modulus.writeUInt8(modulus.readUInt8(0) | 0x80, 0);
  modulus.writeUInt8(modulus.readUInt8(MODULUS_BYTES - 1) | 1, MODULUS_BYTES - 1);
  return pemOf(Buffer.concat([HEAD, modulus, TAIL]));
}
