/** What a public key is worth, read from its SubjectPublicKeyInfo in DER (RFC 5280, RFC 3279, RFC 5480, RFC 8410). */

const MIN_RSA_BITS = 1024;
const MAX_RSA_BITS = 8192;
/** Below this a key is taken, because devices in the field have such, and told as weak. */
const STRONG_RSA_BITS = 2048;

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OBJECT_IDENTIFIER = 0x06;
const BIT_STRING = 0x03;

const RSA = "2a864886f70d010101";
const ED25519 = "2b6570";
const P224 = "2b81040021";

/**
 * The `y` of all points whose order divides 8, little-endian and without the sign of `x`, in every spelling: for such a
 * key some signatures hold for any message.
 */
const SMALL_ORDER = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

interface Element {
  content: Buffer;
  rest: Buffer;
}

/** The element of this type at the beginning of the bytes. */
function read(bytes: Buffer, type: number): Element | undefined {
  if (bytes[0] !== type) return undefined;
  const short = bytes[1] ?? 0;
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  if (lengthBytes > 4 || bytes.length < 2 + lengthBytes) return undefined;
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  if (short === 0x80 || bytes.length < start + length) return undefined;
  return { content: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}

interface PublicKeyInfo {
  /** Object identifiers in hexadecimal: the algorithm, and the curve of an elliptic one. */
  algorithm: string;
  curve: string | undefined;
  key: Buffer;
}

function readInfo(der: Buffer): PublicKeyInfo | undefined {
  const info = read(der, SEQUENCE);
  const identifier = info && read(info.content, SEQUENCE);
  const algorithm = identifier && read(identifier.content, OBJECT_IDENTIFIER);
  const key = identifier && read(identifier.rest, BIT_STRING);
  if (!algorithm || !key) return undefined;
  return {
    algorithm: algorithm.content.toString("hex"),
    curve: read(algorithm.rest, OBJECT_IDENTIFIER)?.content.toString("hex"),
    key: key.content.subarray(1),
  };
}

const bitsOf = (integer: Buffer): number => {
  const digits = integer.toString("hex").replace(/^0+/, "");
  return digits === "" ? 0 : (digits.length - 1) * 4 + (32 - Math.clz32(parseInt(digits[0] ?? "0", 16)));
};

function rsaNumbers(key: Buffer): { bits: number; exponent: Buffer } | undefined {
  const numbers = read(key, SEQUENCE);
  const modulus = numbers && read(numbers.content, INTEGER);
  const exponent = modulus && read(modulus.rest, INTEGER);
  return modulus && exponent && { bits: bitsOf(modulus.content), exponent: exponent.content };
}

/** Exponent 1 signs nothing: every text would be its own signature. */
const isExponent = (exponent: Buffer) => bitsOf(exponent) > 1 && ((exponent.at(-1) ?? 0) & 1) === 1;

/** Why a key that can be read is worth nothing; undefined for one that is worth something. */
export function worthlessness(der: Buffer): string | undefined {
  const info = readInfo(der);
  if (info?.algorithm === RSA) {
    const { bits, exponent } = rsaNumbers(info.key) ?? { bits: 0, exponent: Buffer.alloc(0) };
    if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
      return `RSA key of ${bits} bits: must have between ${MIN_RSA_BITS} and ${MAX_RSA_BITS}`;
    return isExponent(exponent) ? undefined : "RSA key with an exponent that signs nothing";
  }
  if (info?.algorithm !== ED25519) return undefined;
  const y = Buffer.from(info.key);
  y[31] = (y[31] ?? 0) & 0x7f;
  return SMALL_ORDER.has(y.toString("hex")) ? "Ed25519 key of small order" : undefined;
}

/** In what a usable key is weak; undefined for a strong one. */
export function weaknessOf(der: Buffer): string | undefined {
  const info = readInfo(der);
  if (info?.curve === P224) return "P-224";
  if (info?.algorithm !== RSA) return undefined;
  const bits = rsaNumbers(info.key)?.bits ?? 0;
  return bits < STRONG_RSA_BITS ? `RSA of ${bits} bits` : undefined;
}
