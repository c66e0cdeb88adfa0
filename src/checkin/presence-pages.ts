/**
 * Contacts as they are stored: packed ids with times in seconds, twenty bytes each, so that what is stored grows with
 * the fleet and never with its polls.
 */

const ID_BYTES = 16;
const ENTRY_BYTES = ID_BYTES + 4;

/** Times in seconds by packed id. */
export type ContactTimes = Map<string, number>;

export const packed = (id: string): string => id.replaceAll("-", "").toLowerCase();

export const dashed = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");

const bufferOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function readPage(bytes: Uint8Array): ContactTimes {
  const entries: ContactTimes = new Map();
  const buffer = bufferOf(bytes);
  for (let at = 0; at + ENTRY_BYTES <= buffer.length; at += ENTRY_BYTES) {
    entries.set(buffer.toString("hex", at, at + ID_BYTES), buffer.readUInt32BE(at + ID_BYTES));
  }
  return entries;
}

export function writePage(entries: ReadonlyMap<string, number>): Uint8Array {
  const buffer = Buffer.alloc(entries.size * ENTRY_BYTES);
  let at = 0;
  for (const [id, seconds] of entries) {
    buffer.write(id, at, ID_BYTES, "hex");
    buffer.writeUInt32BE(seconds, at + ID_BYTES);
    at += ENTRY_BYTES;
  }
  return new Uint8Array(buffer);
}

/** Entries up to a time, without reading those after it. */
export function entriesUpTo(bytes: Uint8Array, upToS: number): [id: string, seconds: number][] {
  const buffer = bufferOf(bytes);
  const found: [string, number][] = [];
  for (let at = 0; at + ENTRY_BYTES <= buffer.length; at += ENTRY_BYTES) {
    const seconds = buffer.readUInt32BE(at + ID_BYTES);
    if (seconds <= upToS) found.push([buffer.toString("hex", at, at + ID_BYTES), seconds]);
  }
  return found;
}

/** At most so many entries, evenly from the whole page, without reading the others. */
export function sampleOf(bytes: Uint8Array, most: number): [id: string, seconds: number][] {
  const buffer = bufferOf(bytes);
  const step = ENTRY_BYTES * Math.max(1, Math.ceil(buffer.length / ENTRY_BYTES / most));
  const found: [string, number][] = [];
  for (let at = 0; at + ENTRY_BYTES <= buffer.length; at += step)
    found.push([buffer.toString("hex", at, at + ID_BYTES), buffer.readUInt32BE(at + ID_BYTES)]);
  return found;
}

/** The time of one device, without reading the others; 0 if it is not in the page. */
export function timeIn(bytes: Uint8Array, id: string): number {
  const [buffer, wanted] = [bufferOf(bytes), Buffer.from(id, "hex")];
  let at = buffer.indexOf(wanted);
  // The same bytes may also lie across two entries.
  while (at >= 0 && at % ENTRY_BYTES !== 0) at = buffer.indexOf(wanted, at + 1);
  return at < 0 ? 0 : buffer.readUInt32BE(at + ID_BYTES);
}

/** Ids of devices come from a random source or from a counter; a page takes its bits from a mix of all of them. */
export function pageOf(id: string, bits: number): number {
  let mix = 0;
  for (let at = 0; at < id.length; at += 8)
    mix = Math.imul(mix ^ Number.parseInt(id.slice(at, at + 8), 16), 0x9e3779b1);
  return bits === 0 ? 0 : (mix ^ (mix >>> 15)) & ((1 << bits) - 1);
}

/** Tells the time of one device after the other; pages are read once each. */
export function timesReader(
  read: (number: number) => Promise<Uint8Array>,
  bits: number,
): (id: string) => Promise<number> {
  const pages = new Map<number, Uint8Array>();
  return async (id) => {
    const number = pageOf(id, bits);
    const page = pages.get(number) ?? (await read(number));
    pages.set(number, page);
    return timeIn(page, id);
  };
}

/** Keeps the later time of each device. */
export function mergeTimes(into: ContactTimes, from: ReadonlyMap<string, number>): void {
  for (const [id, seconds] of from) if (seconds > (into.get(id) ?? 0)) into.set(id, seconds);
}
