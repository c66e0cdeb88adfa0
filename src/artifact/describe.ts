import { plainRefusal } from "./faults.ts";
import type { HeaderArchive } from "./header-archive.ts";
import type { JsonObject } from "./json.ts";
import type { PayloadFiles } from "./payload-archive.ts";
import { type Depends, mergeJson, type PayloadHeader } from "./payload-info.ts";

export type ArtifactFile = { name: string; size: number; checksum: string; date: string };

export type ArtifactUpdate = {
  type: string | null;
  files: ArtifactFile[] | null;
  metaData: JsonObject | null;
};

export type Described = {
  name: string;
  deviceTypes: string[];
  provides: Record<string, string> | null;
  depends: Depends | null;
  clearsProvides: string[] | null;
  updates: ArtifactUpdate[];
};

const MAX_DEVICE_TYPES = 200;

/** Puts together what the headers say and what the payloads hold. */
export function describeArtifact(
  version: 2 | 3,
  header: HeaderArchive,
  augment: HeaderArchive | null,
  files: PayloadFiles[],
): Described {
  const payloads = header.payloads.map((payload, index) =>
    describePayload(header.info.payloadTypes[index] ?? null, payload, augment, index),
  );
  const { name, deviceTypes } = header.info;
  const described: Described = {
    name,
    deviceTypes,
    depends: version === 3 ? mergeDepends(header, payloads) : null,
    provides: version === 3 ? mergeProvides(header, payloads) : null,
    clearsProvides: version === 3 ? mergeClears(payloads) : null,
    updates: payloads.map(({ type, metaData }, index) => ({
      type,
      files: describeFiles(files[index]),
      metaData,
    })),
  };
  const typeCount = deviceTypes.length;
  if (name === "" || typeCount === 0 || typeCount > MAX_DEVICE_TYPES) {
    throw plainRefusal("metadata_invalid", "Metadata invalid");
  }
  return described;
}

type Payload = {
  type: string | null;
  provides: Record<string, string>;
  depends: Depends;
  clears: string[] | null;
  metaData: JsonObject | null;
};

function describePayload(
  type: string | null,
  original: PayloadHeader,
  augment: HeaderArchive | null,
  index: number,
): Payload {
  const provides = original.typeInfo?.provides ?? {};
  const depends = original.typeInfo?.depends ?? {};
  const clears = original.typeInfo?.clearsProvides ?? null;
  const augmentedType = augment?.info.payloadTypes[index] ?? null;
  const override = augment?.payloads[index];
  // An empty type in the augmented header stands for "nothing overridden".
  if (override === undefined || augmentedType === null || augmentedType === "") {
    return { type, provides, depends, clears, metaData: original.metaData };
  }
  return {
    type: augmentedType,
    provides: { ...provides, ...override.typeInfo?.provides },
    depends: { ...depends, ...override.typeInfo?.depends },
    clears: override.typeInfo?.clearsProvides ?? clears,
    metaData: mergeMetaData(original.metaData, override.metaData),
  };
}

function mergeMetaData(original: JsonObject | null, override: JsonObject | null): JsonObject | null {
  if (original === null || override === null) return original ?? override;
  return mergeJson(original, override);
}

function mergeDepends(header: HeaderArchive, payloads: Payload[]): Depends | null {
  if (header.info.depends === null) return null;
  return mergeMaps<string | string[]>([
    Object.entries(header.info.depends),
    ...payloads.map(({ depends }) => Object.entries(depends)),
  ]);
}

function mergeProvides(header: HeaderArchive, payloads: Payload[]): Record<string, string> {
  const { name, group } = header.info;
  const own: [string, string][] = [["artifact_name", name]];
  if (group !== "") own.push(["artifact_group", group]);
  return mergeMaps([own, ...payloads.map(({ provides }) => Object.entries(provides))]);
}

function mergeMaps<T>(parts: [string, T][][]): Record<string, T> {
  const merged = new Map<string, T>();
  for (const [key, value] of parts.flat()) {
    if (merged.has(key)) {
      throw plainRefusal(
        "keys_conflict",
        "error parsing version 3 artifact: " +
          `Conflicting keys not allowed in the provides parameters. key: ${key}`,
      );
    }
    merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

function mergeClears(payloads: Payload[]): string[] | null {
  const lists = payloads.flatMap(({ clears }) => (clears === null ? [] : [clears]));
  const all = lists.flat();
  return all.length > 0 ? all : null;
}

/** The files of the manifest in its order; those added by `manifest-augment` are not told. */
function describeFiles(files: PayloadFiles | undefined): ArtifactFile[] | null {
  if (files === undefined || files.original.size === 0) return null;
  return [...files.original].flatMap((name): ArtifactFile[] => {
    const found = files.found.get(name);
    if (found === undefined) return [];
    const { size, checksum, modifiedSeconds } = found;
    return [{ name, size, checksum, date: dateText(modifiedSeconds) }];
  });
}

const MAX_DATE_SECONDS = 253_402_300_799;

/** RFC 3339 has years of four digits; anything else in a tar header is noise. */
function dateText(seconds: number): string {
  const isSane = seconds >= 0 && seconds <= MAX_DATE_SECONDS;
  return new Date(isSane ? seconds * 1000 : 0).toISOString().replace(".000Z", "Z");
}
