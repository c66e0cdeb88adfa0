import { readRest, ChunkSource, decodeText, StreamFault } from "../artifact/bytes.ts";
import { Fault } from "../platform/fault.ts";
import { isUuid } from "../platform/ids.ts";
import type { MultipartPart } from "../storage/index.ts";

/** What comes before the file in an upload form (protocol notes, deployments 7.1). */
export interface UploadFields {
  description?: string;
  /** Bytes of the file as announced. */
  size?: number;
  artifactId?: string;
}

const MAX_DESCRIPTION_CHARACTERS = 4096;
const MAX_SIZE_DIGITS = 20;

async function textOf(part: MultipartPart, maxBytes: number): Promise<string> {
  try {
    return decodeText(await readRest(new ChunkSource(part.body), maxBytes));
  } catch (cause) {
    if (!(cause instanceof StreamFault)) throw cause;
    throw new Fault("bad_request", `${part.name}: the length must be no more than ${maxBytes}.`);
  }
}

async function descriptionOf(part: MultipartPart): Promise<string> {
  const text = await textOf(part, 1024 * 1024);
  if (text.length > MAX_DESCRIPTION_CHARACTERS) {
    throw new Fault(
      "bad_request",
      `description: the length must be no more than ${MAX_DESCRIPTION_CHARACTERS}.`,
    );
  }
  return text;
}

async function sizeOf(part: MultipartPart): Promise<number> {
  const text = await textOf(part, MAX_SIZE_DIGITS);
  if (!/^\d+$/.test(text)) {
    throw new Fault("bad_request", `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

async function idOf(part: MultipartPart): Promise<string> {
  const text = await textOf(part, 64);
  if (!isUuid(text)) throw new Fault("bad_request", "artifact_id is not a valid UUID");
  return text.toLowerCase();
}

/** Reads the parts in the order they come; what follows the file is never looked at. */
export async function readUploadForm(
  parts: AsyncIterable<MultipartPart>,
  receive: (fields: UploadFields, file: AsyncIterable<Uint8Array>) => Promise<string>,
): Promise<string> {
  const fields: UploadFields = {};
  for await (const part of parts) {
    switch (part.name.toLowerCase()) {
      case "description":
        fields.description = await descriptionOf(part);
        break;
      case "size":
        fields.size = await sizeOf(part);
        break;
      case "artifact_id":
        fields.artifactId = await idOf(part);
        break;
      case "artifact":
        // Leaving the loop closes the body, so not before the file was received.
        return await receive(fields, part.body);
    }
  }
  throw new Fault("bad_request", "request does not contain the artifact file");
}
