import { type ArtifactRefusal, refusal } from "./faults.ts";
import { isJsonObject, isStringArray, type JsonObject, parseJson, stringFault } from "./json.ts";

export type HeaderInfo = {
  payloadTypes: (string | null)[];
  name: string;
  group: string;
  /** Null where the artifact states none, and in version 2. */
  depends: HeaderDepends | null;
  deviceTypes: string[];
};

export type HeaderDepends = {
  artifact_name?: string[];
  device_type?: string[];
  artifact_group?: string[];
};

const IN_HEADER = "readHeaderV3: handleHeaderReads: readHeader:";
const NO_DEVICE_TYPES = "ArtifactDepends: Required field 'CompatibleDevices' not found";

/** `augmented` is the header that overrides another one: it need not say everything. */
export type HeaderKind = "original" | "augmented";

export function parseHeaderInfo(content: Uint8Array, version: 2 | 3, kind: HeaderKind): HeaderInfo {
  return version === 3 ? parseVersion3(content, kind) : parseVersion2(content);
}

function parseVersion3(content: Uint8Array, kind: HeaderKind): HeaderInfo {
  const info = parseObject(content, ["payloads", "artifact_provides", "artifact_depends"]);
  const payloadTypes = parsePayloadTypes(info["payloads"], "payloads");
  const depends = parseDepends(info["artifact_depends"]);
  const provides = parseProvides(info["artifact_provides"]);
  const { name, group } = provides ?? { name: "", group: "" };
  const deviceTypes = depends?.device_type ?? [];
  if (kind === "augmented") return { payloadTypes, name, group, depends, deviceTypes };
  requireArguments([
    [payloadTypes.length > 0, "No Payloads added"],
    [provides !== null, "Empty Artifact provides"],
    [provides === null || name !== "", "Artifact name"],
  ]);
  if (payloadTypes.includes("")) throw refusal("header_invalid", "Unexpected empty Payload type");
  checkStrings([
    ...labelled("invalid artifact provides: invalid artifact name", [name]),
    ...labelled("invalid artifact provides: invalid artifact group", [group]),
    ...indexed("artifact name", depends?.artifact_name),
    ...indexed("compatible devices", depends?.device_type),
    ...indexed("artifact group", depends?.artifact_group),
  ]);
  return { payloadTypes, name, group, depends, deviceTypes };
}

function parseVersion2(content: Uint8Array): HeaderInfo {
  const info = parseObject(content, null);
  const payloadTypes = parsePayloadTypes(info["updates"], "updates");
  const deviceTypes = stringList(info["device_types_compatible"], "device_types_compatible");
  if (deviceTypes.length === 0) throw refusal("header_invalid", NO_DEVICE_TYPES);
  const name = stringOrEmpty(info["artifact_name"], "artifact_name");
  requireArguments([
    [payloadTypes.length > 0, "No Payloads added"],
    [name !== "", "No artifact name"],
    [!payloadTypes.includes(null), "Empty Payload"],
  ]);
  if (payloadTypes.includes("")) throw refusal("header_invalid", "Unexpected empty Payload type");
  checkStrings([
    ...labelled("invalid artifact name", [name]),
    ...deviceTypes.map((type, index): Labelled => [`compatible devices at index ${index} invalid`, type]),
  ]);
  return { payloadTypes, name, group: "", depends: null, deviceTypes };
}

function invalid(detail: string): ArtifactRefusal {
  return refusal(
    "header_invalid",
    `${IN_HEADER} readNext: Could not parse header element header-info: ${detail}`,
  );
}

/** An empty file and `null` stand for an object without keys. */
function parseObject(content: Uint8Array, knownKeys: string[] | null): JsonObject {
  if (content.length === 0) return {};
  const parsed = parseJson(content);
  if (!parsed.ok) throw invalid("invalid JSON");
  if (parsed.value === null) return {};
  return checkKeys(parsed.value, "header-info", knownKeys);
}

function checkKeys(value: unknown, what: string, knownKeys: string[] | null): JsonObject {
  if (!isJsonObject(value)) throw invalid(`json: ${what} is not an object`);
  const unknown = knownKeys && Object.keys(value).find((key) => !knownKeys.includes(key));
  if (typeof unknown === "string") throw invalid(`json: unknown field "${unknown}"`);
  return value;
}

function parsePayloadTypes(value: unknown, key: string): (string | null)[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(`json: ${key} is not an array`);
  return value.map((item: unknown) => {
    const type = checkKeys(item, `a member of ${key}`, ["type"])["type"] ?? null;
    if (type !== null && typeof type !== "string") throw invalid(`json: type is not a string`);
    return type;
  });
}

function parseProvides(value: unknown): { name: string; group: string } | null {
  if (value === undefined || value === null) return null;
  const provides = checkKeys(value, "artifact_provides", ["artifact_name", "artifact_group"]);
  return {
    name: stringOrEmpty(provides["artifact_name"], "artifact_name"),
    group: stringOrEmpty(provides["artifact_group"], "artifact_group"),
  };
}

function parseDepends(value: unknown): HeaderDepends | null {
  if (value === undefined || value === null) return null;
  const stated = checkKeys(value, "artifact_depends", null);
  const deviceTypes = stringList(stated["device_type"], "device_type");
  if (deviceTypes.length === 0) throw refusal("header_invalid", NO_DEVICE_TYPES);
  const names = stringList(stated["artifact_name"], "artifact_name");
  const groups = stringList(stated["artifact_group"], "artifact_group");
  return {
    ...(names.length > 0 && { artifact_name: names }),
    device_type: deviceTypes,
    ...(groups.length > 0 && { artifact_group: groups }),
  };
}

function stringOrEmpty(value: unknown, key: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw invalid(`json: ${key} is not a string`);
  return value;
}

function stringList(value: unknown, key: string): string[] {
  if (value === undefined || value === null) return [];
  if (!isStringArray(value)) throw invalid(`json: ${key} is not an array of strings`);
  return value;
}

function requireArguments(required: [boolean, string][]): void {
  const missing = required.filter(([isPresent]) => !isPresent).map(([, name]) => name);
  if (missing.length === 0) return;
  const noun = missing.length > 1 ? "arguments" : "argument";
  throw refusal(
    "header_invalid",
    `${IN_HEADER} Artifact validation failed with missing ${noun}: ${missing.join(", ")}`,
  );
}

type Labelled = [label: string, text: string];

const labelled = (label: string, texts: string[]): Labelled[] => texts.map((text) => [label, text]);

const indexed = (what: string, texts: string[] = []): Labelled[] =>
  texts.map((text, index) => [`invalid artifact depends: ${what} at index ${index} invalid`, text]);

function checkStrings(strings: Labelled[]): void {
  const faults = strings.flatMap(([label, text]) => {
    const fault = stringFault(text);
    return fault === null ? [] : [`${label}: ${fault}`];
  });
  if (faults.length > 0) throw refusal("header_invalid", faults.join(", "));
}
