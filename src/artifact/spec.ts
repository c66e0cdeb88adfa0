import type { JsonObject } from "./json.ts";

type FileContent =
  | { content: Uint8Array }
  /** Too large for memory: what has to be known of it before it is read. */
  | { size: number; sha256: string; open: () => AsyncIterable<Uint8Array> };

export type PayloadFile = { name: string; mode?: number } & FileContent;

export type ArtifactSpec = {
  name: string;
  deviceTypes: readonly string[];
  /** Null makes a bootstrap artifact: no files, only provides. */
  payloadType: string | null;
  files?: readonly PayloadFile[];
  group?: string;
  dependsOnNames?: readonly string[];
  dependsOnGroups?: readonly string[];
  provides?: Readonly<Record<string, string>>;
  depends?: Readonly<Record<string, string | readonly string[]>>;
  clearsProvides?: readonly string[];
  metaData?: JsonObject;
  scripts?: readonly { name: string; content: Uint8Array }[];
  /** Files that are not in memory go with "none", the default: the length must be known first. */
  compression?: "none" | "gzip";
  /** Signs the manifest; the result is what goes into `manifest.sig`. */
  sign?: (manifest: Uint8Array) => Promise<string>;
};
