import type { Dice } from "../../clients/artifact-damage.ts";
import {
  artifact,
  FILES,
  HEADER_INFO,
  type Packing,
  resummed,
  TYPE_INFO,
  VERSION,
} from "../../support/artifact-samples.ts";
import { HOSTILE_JSON } from "../../support/hostile-values.ts";

const BLOCK = 512;
const MAX_STEPS = 3;

/** Where tar headers have what a reader acts upon: name, mode, size, kind, link, magic, prefix. */
const FIELDS = [0, 99, 100, 124, 125, 130, 135, 156, 157, 257, 263, 345];
const SIZES = [
  "00000000000",
  "77777777777",
  "-0000000001",
  "0x000000010",
  "           ",
  "\x80\0\0\0\0\0\0\0\0\0\x01",
  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
];
const BYTES = [0, 1, 0x20, 0x2f, 0x30, 0x37, 0x7f, 0x80, 0xff];

const pick = <T>(dice: Dice, list: readonly T[]): T => list[dice.below(list.length)]!;
const blockAt = (content: Buffer, dice: Dice): number =>
  dice.below(Math.ceil(content.length / BLOCK)) * BLOCK;
const without = (content: Buffer, from: number, to: number) =>
  Buffer.concat([content.subarray(0, from), content.subarray(to)]);
const with_ = (content: Buffer, at: number, added: Uint8Array) =>
  Buffer.concat([content.subarray(0, at), added, content.subarray(at)]);

const isTarHeader = (content: Buffer, at: number) =>
  at + BLOCK <= content.length && content.toString("latin1", at + 257, at + 262) === "ustar";

function tarHeaderAt(content: Buffer, dice: Dice): number | undefined {
  const blocks = Math.floor(content.length / BLOCK);
  const found = [];
  for (let block = 0; block < blocks; block++)
    if (isTarHeader(content, block * BLOCK)) found.push(block * BLOCK);
  return found.length === 0 ? undefined : pick(dice, found);
}

/** Changes one field of one tar header and puts its checksum right, so that the change is looked at. */
function hostileHeader(content: Buffer, dice: Dice): Buffer {
  const at = tarHeaderAt(content, dice);
  if (at === undefined) return content;
  const header = content.subarray(at, at + BLOCK);
  if (dice.below(3) === 0) header.write(pick(dice, SIZES), 124, "latin1");
  else header[dice.below(2) === 0 ? pick(dice, FIELDS) : dice.below(BLOCK)] = dice.below(256);
  resummed(header);
  return content;
}

type Step = (content: Buffer, dice: Dice, other: Buffer) => Buffer;

const STEPS: Record<string, Step> = {
  flip: (content, dice) => {
    if (content.length > 0) content[dice.below(content.length)]! ^= 1 << dice.below(8);
    return content;
  },
  byte: (content, dice) => {
    if (content.length > 0) content[dice.below(content.length)] = pick(dice, BYTES);
    return content;
  },
  cut: (content, dice) => content.subarray(0, dice.below(content.length + 1)),
  insert: (content, dice) =>
    with_(content, dice.below(content.length + 1), Buffer.alloc(1 + dice.below(BLOCK), pick(dice, BYTES))),
  drop: (content, dice) => {
    const at = blockAt(content, dice);
    return without(content, at, at + BLOCK);
  },
  repeat: (content, dice) => {
    const from = blockAt(content, dice);
    return with_(content, blockAt(content, dice), content.subarray(from, from + BLOCK));
  },
  splice: (content, dice, other) => {
    const at = blockAt(content, dice);
    return Buffer.concat([content.subarray(0, at), other.subarray(at)]);
  },
  header: hostileHeader,
  headers: (content, dice) => hostileHeader(hostileHeader(content, dice), dice),
};

/** JSON with one member, or a part of its text, replaced. */
function hostileJson(json: object, dice: Dice): string {
  const text = JSON.stringify(json);
  if (dice.below(3) === 0) {
    const [from, length] = [dice.below(text.length), dice.below(4)];
    return (
      text.slice(0, from) +
      pick(dice, ['"', "{", "]", ",", "\\u0000", "1e999", ""]) +
      text.slice(from + length)
    );
  }
  const name = pick(dice, Object.keys(json));
  // The deepest ones cost their unpacking only; every reader of JSON here has its own tests of them.
  const values = HOSTILE_JSON.filter(({ length }) => length < 1000);
  return text.replace(JSON.stringify(Object(json)[name]), () => pick(dice, values));
}

/** What is inside of the compressed parts changed, and every checksum right. */
function hostileInside(dice: Dice): Buffer {
  const packing = (): Packing => pick(dice, ["none", "gzip", "zstd"] as const);
  const parts = { headerPacking: packing(), dataPacking: packing() };
  switch (dice.below(5)) {
    case 0:
      return artifact({ ...parts, headerInfo: hostileJson(HEADER_INFO, dice) });
    case 1:
      return artifact({ ...parts, typeInfo: hostileJson(TYPE_INFO, dice) });
    case 2:
      return artifact({ ...parts, version: hostileJson(JSON.parse(VERSION) as object, dice) });
    case 3:
      return artifact({ ...parts, metaData: hostileJson({ a: { b: [1, "x", null] } }, dice) });
    default:
      return artifact({
        ...parts,
        files: FILES.map((file) => ({ ...file, name: hostileName(file.name, dice) })),
      });
  }
}

const NAMES = ["../x", "/x", "a/b", ".", "\0", "x".repeat(99), "é", "headers/0000/type-info"];
const hostileName = (name: string, dice: Dice) => (dice.below(3) === 0 ? pick(dice, NAMES) : name);

export interface Mutant {
  what: string;
  content: Buffer;
}

const DEEP_SHARE = 8;

/** One mutant of these artifacts, the same for the same dice. */
export function mutantOf(samples: readonly [string, Buffer][], dice: Dice): Mutant {
  if (dice.below(DEEP_SHARE) === 0) return { what: "inside", content: hostileInside(dice) };
  const [name, original] = pick(dice, samples);
  let content: Buffer = Buffer.from(original);
  const steps: string[] = [];
  for (let left = 1 + dice.below(MAX_STEPS); left > 0; left--) {
    const step = pick(dice, Object.keys(STEPS));
    content = STEPS[step]!(content, dice, pick(dice, samples)[1]);
    steps.push(step);
  }
  return { what: `${name}: ${steps.join(", ")}`, content };
}
