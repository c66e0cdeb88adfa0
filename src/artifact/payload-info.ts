import { type ArtifactRefusal, refusal } from "./faults.ts";
import { goTypeName, goValueText, isJsonObject, isStringArray, type JsonObject, parseJson } from "./json.ts";

export type Depends = Record<string, string | string[]>;

export type TypeInfo = {
  provides: Record<string, string>;
  depends: Depends;
  clearsProvides: string[] | null;
};

/** What the header says of one payload. */
export type PayloadHeader = { typeInfo: TypeInfo | null; metaData: JsonObject | null };

const invalid = (detail: string): ArtifactRefusal => refusal("header_invalid", detail);

/** The type itself is not looked at: old tools left it empty, and header-info decides. */
export function parseTypeInfo(content: Uint8Array): TypeInfo {
  const parsed = parseJson(content);
  if (!parsed.ok) throw invalid("error reading type-info: invalid JSON");
  const info = parsed.value ?? {};
  if (!isJsonObject(info)) throw invalid("error reading type-info: not a JSON object");
  const type = info["type"] ?? null;
  if (type !== null && typeof type !== "string") {
    throw invalid("error reading type-info: type is not a string");
  }
  return {
    depends: parseMap(info["artifact_depends"], "depends", isDependsValue),
    provides: parseMap(info["artifact_provides"], "provides", isString),
    clearsProvides: parseClears(info["clears_artifact_provides"]),
  };
}

const isString = (value: unknown): value is string => typeof value === "string";
const isDependsValue = (value: unknown): value is string | string[] =>
  isString(value) || isStringArray(value);

function parseMap<T>(
  value: unknown,
  what: "depends" | "provides",
  isAllowed: (member: unknown) => member is T,
): Record<string, T> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) {
    throw invalid(`json: cannot unmarshal ${goTypeName(value)} into artifact_${what}`);
  }
  const members = Object.entries(value).map(([key, member]): [string, T] => {
    if (isAllowed(member)) return [key, member];
    throw invalid(`Invalid TypeInfo ${what} type: ${goTypeName(member)}, with value ${goValueText(member)}`);
  });
  // fromEntries defines own keys: "__proto__" stays a key like any other.
  return Object.fromEntries(members);
}

function parseClears(value: unknown): string[] | null {
  if (value === undefined || value === null) return null;
  if (!isStringArray(value)) {
    throw invalid("error reading type-info: clears_artifact_provides is not an array of strings");
  }
  return value;
}

/** An empty file says nothing. */
export function parseMetaData(content: Uint8Array): JsonObject | null {
  if (content.length === 0) return null;
  const parsed = parseJson(content);
  if (!parsed.ok) throw invalid("error reading meta-data: invalid JSON");
  if (!isJsonObject(parsed.value)) {
    throw invalid("Top level object in meta-data must be a JSON object");
  }
  return parsed.value;
}

/** The augmented header overrides the original; objects are merged, everything else replaced. */
export function mergeJson(original: JsonObject, override: JsonObject): JsonObject {
  const merged = new Map(Object.entries(original));
  for (const [key, value] of Object.entries(override)) {
    const before = merged.get(key);
    if (before === undefined) merged.set(key, value);
    else if (isJsonObject(before) && isJsonObject(value)) merged.set(key, mergeJson(before, value));
    else if (isJsonObject(before) || isJsonObject(value)) {
      throw invalid(`${key}: Type conflict: object/non-object`);
    } else if (Array.isArray(before) !== Array.isArray(value)) {
      throw invalid(`${key}: Type conflict: list/non-list`);
    } else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}
