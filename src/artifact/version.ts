import { readRest } from "./bytes.ts";
import { type ArtifactRefusal, plainRefusal, refusal, within } from "./faults.ts";
import { isJsonObject, parseJson } from "./json.ts";
import type { TarReader } from "./tar.ts";

const MAX_VERSION_BYTES = 1024 * 1024;
const CONTEXT = "reader: can not read version file:";

export type Version = { version: 2 | 3; bytes: Uint8Array };

/** The first entry: without it nothing else can be understood. */
export async function readVersion(outer: TarReader): Promise<Version> {
  const entry = await within(
    (cause) => `${CONTEXT} readNext: Failed to get next header: reader: error reading archive: ${cause}`,
    () => outer.next(),
  );
  if (entry === null) {
    throw refusal("empty", `${CONTEXT} readNext: Failed to get next header: EOF`);
  }
  if (entry.name !== "version") throw refusal("version_missing", `${CONTEXT} invalid argument`);
  const bytes = await within(
    (cause) => `${CONTEXT} readNext: Failed to copy from tarReader to the buffer: ${cause}`,
    () => readRest(entry.body, MAX_VERSION_BYTES),
  );
  return { version: supported(parseVersion(bytes)), bytes };
}

/** The word in `format` is not looked at; the devices do that. */
function parseVersion(bytes: Uint8Array): number {
  if (bytes.length === 0) return 0;
  const parsed = parseJson(bytes);
  if (!parsed.ok) throw invalid("invalid JSON");
  const info = parsed.value ?? {};
  if (!isJsonObject(info)) throw invalid("not a JSON object");
  const unknown = Object.keys(info).find((key) => key !== "format" && key !== "version");
  if (unknown !== undefined) throw invalid(`json: unknown field "${unknown}"`);
  const { format = "", version = 0 } = info;
  if (typeof format !== "string") throw invalid("json: format is not a string");
  if (typeof version !== "number" || !Number.isSafeInteger(version)) {
    throw invalid("json: version is not an integer");
  }
  return version;
}

const invalid = (detail: string): ArtifactRefusal => refusal("version_invalid", `${CONTEXT} ${detail}`);

function supported(version: number): 2 | 3 {
  if (version === 2 || version === 3) return version;
  if (version === 1) {
    throw refusal("version_unsupported", "reader: Mender-Artifact version 1 is no longer supported");
  }
  // The original names the wrong versions here; the text is kept (artifact-format 8.1).
  throw plainRefusal("version_unsupported", `unsupported version: ${version}; supported versions are: 1, 2`);
}
