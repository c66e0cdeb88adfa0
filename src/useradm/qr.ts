import { crc32, deflateSync } from "node:zlib";
import { encode } from "uqr";

/** Four times this and the quiet zone around it, a phone reads it from a screen at any size that shows it whole. */
const PIXELS_A_MODULE = 4;
const QUIET_MODULES = 4;

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** One bit a pixel, black and white. */
const FORMAT = Buffer.from([1, 0, 0, 0, 0]);

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  return Buffer.concat([uint32(data.length), named, uint32(crc32(named))]);
}

/** A line of pixels, without a filter; a set bit is white. */
function lineOf(modules: readonly boolean[], width: number): Buffer {
  const line = Buffer.alloc(1 + Math.ceil(width / 8));
  for (let x = 0; x < width; x++) {
    const at = 1 + (x >> 3);
    if (modules[Math.floor(x / PIXELS_A_MODULE)] !== true) line[at] = (line[at] ?? 0) | (0x80 >> (x & 7));
  }
  return line;
}

/** A picture of the text that cameras read, as PNG. */
export function qrPicture(text: string): Buffer {
  const { data, size } = encode(text, { ecc: "M", border: QUIET_MODULES });
  const width = size * PIXELS_A_MODULE;
  const lines = data.flatMap((modules) =>
    Array.from({ length: PIXELS_A_MODULE }, () => lineOf(modules, width)),
  );
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", Buffer.concat([uint32(width), uint32(width), FORMAT])),
    chunk("IDAT", deflateSync(Buffer.concat(lines))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
