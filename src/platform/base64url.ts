const ALPHABET = /^[A-Za-z0-9_-]*$/;

/**
 * The bytes of a base64url text in the one spelling that an encoder makes: no padding, no foreign characters, no bits set
 * that stand for nothing. Undefined for any other, so that nothing signed has a second spelling.
 */
export function canonicalBytes(text: string): Buffer | undefined {
  if (!ALPHABET.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}
