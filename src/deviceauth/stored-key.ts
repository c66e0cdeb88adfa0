/**
 * Public keys as they are stored. Of most keys only some bytes are not the same in all of their kind: these are stored, as text
 * in base 85, behind the letter of the kind. Any other key is stored as PEM.
 */

const hex = (text: string): Buffer => Buffer.from(text, "hex");

interface Kind {
  /** What stands in the DER of each such key before and behind its own bytes. */
  head: Buffer;
  bytes: number;
  tail: Buffer;
}

const rsa = (bytes: number, head: string): Kind => ({ head: hex(head), bytes, tail: hex("0203010001") });

/** A letter stands for its kind for ever, because it is in databases and archives. */
const KINDS: Readonly<Record<string, Kind>> = {
  a: rsa(256, "30820122300d06092a864886f70d01010105000382010f003082010a0282010100"),
  b: rsa(384, "308201a2300d06092a864886f70d01010105000382018f003082018a0282018100"),
  c: rsa(512, "30820222300d06092a864886f70d01010105000382020f003082020a0282020100"),
  d: { head: hex("302a300506032b6570032100"), bytes: 32, tail: hex("") },
  e: { head: hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"), bytes: 64, tail: hex("") },
};

/** In JSON none of them is written as more than itself. */
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
/** What each character is worth as a digit. */
const NONE = 0xff;
const VALUES = Uint8Array.from({ length: 0x80 }, (_, code) => {
  const value = DIGITS.indexOf(String.fromCharCode(code));
  return value < 0 ? NONE : value;
});
const [WORD, DIGITS_OF_WORD] = [4, 5];

function toDigits(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += WORD) {
    let [word, digits] = [bytes.readUInt32BE(at), ""];
    for (let i = 0; i < DIGITS_OF_WORD; i++) {
      digits = DIGITS.charAt(word % DIGITS.length) + digits;
      word = Math.floor(word / DIGITS.length);
    }
    text += digits;
  }
  return text;
}

/** Nothing if these are no digits of as many bytes. */
function fromDigits(text: string, bytes: number): Buffer | undefined {
  if (text.length * WORD !== bytes * DIGITS_OF_WORD) return undefined;
  const read = Buffer.alloc(bytes);
  let word = 0;
  for (let i = 0; i < text.length; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? NONE;
    if (value === NONE) return undefined;
    word = word * DIGITS.length + value;
    if ((i + 1) % DIGITS_OF_WORD > 0) continue;
    if (word > 0xffffffff) return undefined;
    read.writeUInt32BE(word, Math.floor(i / DIGITS_OF_WORD) * WORD);
    word = 0;
  }
  return read;
}

const LINE = /.{1,64}/g;

/** The one spelling of a key that is shown and hashed. */
export const pemOf = (der: Buffer): string =>
  [
    "-----BEGIN PUBLIC KEY-----",
    ...(der.toString("base64").match(LINE) ?? []),
    "-----END PUBLIC KEY-----",
    "",
  ].join("\n");

export const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^\n]*-----/g, ""), "base64");

/** Only what comes back as the same text is stored short. */
export function toStoredKey(pem: string): string {
  const der = derOf(pem);
  for (const [letter, { head, bytes, tail }] of Object.entries(KINDS)) {
    const end = head.length + bytes;
    if (der.length !== end + tail.length) continue;
    if (der.subarray(0, head.length).equals(head) && der.subarray(end).equals(tail))
      return pemOf(der) === pem ? letter + toDigits(der.subarray(head.length, end)) : pem;
  }
  return pem;
}

/** The key in PEM. What is in no form that is known is shown as it is. */
export function fromStoredKey(stored: string): string {
  const kind = Object.hasOwn(KINDS, stored.charAt(0)) ? KINDS[stored.charAt(0)] : undefined;
  const own = kind && fromDigits(stored.slice(1), kind.bytes);
  return kind && own ? pemOf(Buffer.concat([kind.head, own, kind.tail])) : stored;
}
