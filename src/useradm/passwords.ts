import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { compare as compareBcrypt } from "bcryptjs";

/** `N` is 2 to the power of `ln`. Written into each hash, so that it can be raised later. */
interface Cost {
  ln: number;
  r: number;
  p: number;
}

const COST: Cost = { ln: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

// What may be imported is bounded, because every login of that user pays for it.
const SCRYPT = /^\$scrypt\$ln=(1[0-6]),r=(8),p=([1-4])\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;
const BCRYPT = /^\$2[aby]\$(0[4-9]|1[0-2])\$[./A-Za-z0-9]{53}$/;
const BCRYPT_MAX_BYTES = 72;

const encode = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");

const describe = ({ ln, r, p }: Cost, salt: Buffer, hash: Buffer) =>
  `$scrypt$ln=${ln},r=${r},p=${p}$${encode(salt)}$${encode(hash)}`;

const derive = (password: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { N: 2 ** ln, r, p, maxmem: 2 ** ln * r * 256 };
    scrypt(password, salt, HASH_BYTES, options, (error, hash) => (error ? reject(error) : resolve(hash)));
  });

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return describe(COST, salt, await derive(password, salt, COST));
}

/** Stands in for the hash of a user that does not exist or has no password: as much work, never a match. */
const NO_HASH = describe(COST, Buffer.alloc(SALT_BYTES), Buffer.alloc(HASH_BYTES));

async function verifyScrypt(password: string, hash: string): Promise<boolean> {
  const [, ln, r, p, salt, expected] = SCRYPT.exec(hash) ?? [];
  if (!salt || !expected) return false;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const actual = await derive(password, Buffer.from(salt, "base64"), cost);
  return timingSafeEqual(actual, Buffer.from(expected, "base64"));
}

/** Takes as long for an unknown user as for a wrong password. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  if (hash && BCRYPT.test(hash)) {
    const matches = await compareBcrypt(password, hash);
    return matches && Buffer.byteLength(password) <= BCRYPT_MAX_BYTES;
  }
  const known = hash !== undefined && SCRYPT.test(hash);
  const matches = await verifyScrypt(password, known ? hash : NO_HASH);
  return known && matches;
}

/** A hash made elsewhere that this installation can verify. */
export const isImportableHash = (hash: string): boolean => BCRYPT.test(hash) || SCRYPT.test(hash);

/** True for an imported or older hash that a successful login should replace. */
export const needsRehash = (hash: string): boolean =>
  !hash.startsWith(`$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$`);
