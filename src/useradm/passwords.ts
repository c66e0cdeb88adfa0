import { randomBytes, timingSafeEqual } from "node:crypto";
import { compare as compareBcrypt } from "bcryptjs";
import type { Deps } from "../platform/deps.ts";
import type { ScryptCost } from "../platform/scrypt.ts";

/** What hashing needs: who derives keys, and at what cost. */
export type Hashing = Pick<Deps, "scrypt" | "settings">;

/** Written into each hash, so that it can be raised later. */
const costOf = ({ settings }: Hashing): ScryptCost => ({ ln: settings.PASSWORD_COST_LN, r: 8, p: 3 });

const SALT_BYTES = 16;
const HASH_BYTES = 32;

// What may be imported is bounded, because every login of that user pays for it.
const SCRYPT = /^\$scrypt\$ln=(1[0-6]),r=(8),p=([1-4])\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;
const BCRYPT = /^\$2[aby]\$(0[4-9]|1[0-2])\$[./A-Za-z0-9]{53}$/;
const BCRYPT_MAX_BYTES = 72;

const encode = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");

const describe = ({ ln, r, p }: ScryptCost, salt: Buffer, hash: Buffer) =>
  `$scrypt$ln=${ln},r=${r},p=${p}$${encode(salt)}$${encode(hash)}`;

const derive = ({ scrypt }: Hashing, password: string, salt: Buffer, cost: ScryptCost): Promise<Buffer> =>
  scrypt({ password, salt: salt.toString("base64"), bytes: HASH_BYTES, ...cost });

export async function hashPassword(hashing: Hashing, password: string): Promise<string> {
  const [salt, cost] = [randomBytes(SALT_BYTES), costOf(hashing)];
  return describe(cost, salt, await derive(hashing, password, salt, cost));
}

/** Stands in for the hash of a user that does not exist or has no password: as much work, never a match. */
const noHash = (hashing: Hashing) =>
  describe(costOf(hashing), Buffer.alloc(SALT_BYTES), Buffer.alloc(HASH_BYTES));

async function verifyScrypt(hashing: Hashing, password: string, hash: string): Promise<boolean> {
  const [, ln, r, p, salt, expected] = SCRYPT.exec(hash) ?? [];
  if (!salt || !expected) return false;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const actual = await derive(hashing, password, Buffer.from(salt, "base64"), cost);
  return timingSafeEqual(actual, Buffer.from(expected, "base64"));
}

/** Takes as long for an unknown user as for a wrong password. */
export async function verifyPassword(
  hashing: Hashing,
  password: string,
  hash: string | undefined,
): Promise<boolean> {
  if (hash && BCRYPT.test(hash)) {
    const matches = await compareBcrypt(password, hash);
    return matches && Buffer.byteLength(password) <= BCRYPT_MAX_BYTES;
  }
  const known = hash !== undefined && SCRYPT.test(hash);
  const matches = await verifyScrypt(hashing, password, known ? hash : noHash(hashing));
  return known && matches;
}

/** A hash made elsewhere that this installation can verify. */
export const isImportableHash = (hash: string): boolean => BCRYPT.test(hash) || SCRYPT.test(hash);

/** True for an imported, older or weaker hash that a successful login should replace. */
export function needsRehash(hashing: Hashing, hash: string): boolean {
  const [, ln, , p] = SCRYPT.exec(hash) ?? [];
  const cost = costOf(hashing);
  return ln === undefined || Number(ln) < cost.ln || Number(p) < cost.p;
}
