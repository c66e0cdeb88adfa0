import { ChunkSource, decodeText, readRest, StreamFault } from "../artifact/bytes.ts";
import { Fault } from "../platform/fault.ts";
import type { MultipartPart } from "../storage/index.ts";
import { payloadOf, type Payload } from "./generate-payload.ts";
import { textProblem } from "./generate-text.ts";

const PREFIX = "api: invalid form parameters: ";
const MAX_TEXT_BYTES = 1024 * 1024;
const MAX_NAME = 256;
const MAX_DEVICE_TYPES = 200;
const MAX_SIZE_DIGITS = 20;

const TEXT_PARTS = ["name", "description", "device_types_compatible", "type", "args", "size"] as const;
type TextPart = (typeof TEXT_PARTS)[number];
type Texts = Partial<Record<TextPart, string>>;

/** What an artifact is to be generated from (protocol notes, generate-artifact 2). */
export interface GenerateFields {
  name: string;
  description: string | undefined;
  deviceTypes: string[];
  payload: Payload;
  /** Bytes of the file as announced. */
  size: number | undefined;
}

export const invalidForm = (reason: string): Fault => new Fault("bad_request", PREFIX + reason);

async function textOf(part: MultipartPart): Promise<string> {
  try {
    return decodeText(await readRest(new ChunkSource(part.body), MAX_TEXT_BYTES));
  } catch (cause) {
    if (!(cause instanceof StreamFault)) throw cause;
    throw invalidForm(`${part.name}: the length must be no more than ${MAX_TEXT_BYTES}.`);
  }
}

/** Reads the parts in the order they come; what follows the file is never looked at. */
export async function readGenerateForm(
  parts: AsyncIterable<MultipartPart>,
  receive: (fields: GenerateFields, file: AsyncIterable<Uint8Array>) => Promise<string>,
): Promise<string> {
  const texts: Texts = {};
  for await (const part of parts) {
    const name = part.name.toLowerCase();
    // Leaving the loop closes the body, so not before the file was received.
    if (name === "file") return await receive(fieldsOf(texts), part.body);
    const known = TEXT_PARTS.find((candidate) => candidate === name);
    if (known) texts[known] = await textOf(part);
  }
  throw invalidForm("missing 'file' section");
}

/** Everything that can be known to be wrong is said before the file is stored. */
function fieldsOf(texts: Texts): GenerateFields {
  const deviceTypes = texts.device_types_compatible?.split(",") ?? [];
  const problems = [
    problemOf("device_types_compatible", deviceTypesProblem(texts.device_types_compatible, deviceTypes)),
    problemOf("name", nameProblem(texts.name)),
    problemOf("type", nameProblem(texts.type)),
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw invalidForm(`${problems.join("; ")}.`);
  const { name = "", type = "", description } = texts;
  const unusable = textProblem("artifact name", name) ?? textProblem("description", description ?? "");
  if (unusable !== undefined) throw invalidForm(unusable);
  const payload = payloadOf(type, texts.args, { name, deviceTypes });
  if (typeof payload === "string") throw invalidForm(payload);
  return { name, description: description || undefined, deviceTypes, payload, size: sizeOf(texts.size) };
}

const problemOf = (field: string, problem: string | undefined) => problem && `${field}: ${problem}`;

function nameProblem(text: string | undefined): string | undefined {
  if (!text) return "cannot be blank";
  return text.length > MAX_NAME ? `the length must be between 1 and ${MAX_NAME}` : undefined;
}

function deviceTypesProblem(text: string | undefined, types: readonly string[]): string | undefined {
  if (!text) return "cannot be blank";
  if (types.length > MAX_DEVICE_TYPES) return `the length must be between 1 and ${MAX_DEVICE_TYPES}`;
  const problems = types.flatMap((type, i) => {
    const problem = nameProblem(type);
    return problem ? [`${i}: ${problem}`] : [];
  });
  return problems.length > 0 ? `(${problems.join("; ")}.)` : undefined;
}

function sizeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text) || text.length > MAX_SIZE_DIGITS) {
    throw new Fault(
      "bad_request",
      `strconv.ParseInt: parsing ${JSON.stringify(text.slice(0, 32))}: invalid syntax`,
    );
  }
  return Number(text);
}
