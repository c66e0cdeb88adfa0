import { StreamFault, type StreamFaultKind } from "./bytes.ts";

export type ArtifactFaultReason =
  | "empty"
  | "truncated"
  | "not_tar"
  | "version_missing"
  | "version_invalid"
  | "version_unsupported"
  | "structure_invalid"
  | "manifest_invalid"
  | "checksum_missing"
  | "checksum_mismatch"
  | "header_invalid"
  | "payload_invalid"
  | "encoding_invalid"
  | "file_missing"
  | "file_not_listed"
  | "keys_conflict"
  | "metadata_invalid"
  | "size_short"
  | "size_exceeded"
  | "too_large"
  | "limit_exceeded";

export type ArtifactFault = { reason: ArtifactFaultReason; message: string };

/** Carries a fault up to `readArtifact`; nothing outside this folder sees it. */
export class ArtifactRefusal extends Error {
  override readonly name = "ArtifactRefusal";
  readonly fault: ArtifactFault;
  constructor(fault: ArtifactFault) {
    super(fault.message);
    this.fault = fault;
  }
}

// Texts quote names out of the artifact; a hostile one must not blow up the reply.
const MAX_TEXT_LENGTH = 2_000;

const shorten = (text: string): string =>
  text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;

/** The texts of protocol notes, artifact-format 8.1, which carry the prefix. */
export const refusal = (reason: ArtifactFaultReason, text: string): ArtifactRefusal =>
  new ArtifactRefusal({ reason, message: `reading artifact error: ${shorten(text)}` });

/** Texts without the prefix: versions, checksums, sizes and what is found after the reading. */
export const plainRefusal = (reason: ArtifactFaultReason, text: string): ArtifactRefusal =>
  new ArtifactRefusal({ reason, message: shorten(text) });

export const checksumRefusal = (expected: string, actual: string): ArtifactRefusal =>
  plainRefusal("checksum_mismatch", `invalid checksum; expected: [${expected}]; actual: [${actual}]`);

const REASON_OF_KIND = {
  truncated: "truncated",
  corrupt: "not_tar",
  limit: "limit_exceeded",
  surplus: "size_exceeded",
} as const satisfies Record<StreamFaultKind, ArtifactFaultReason>;

export const streamReason = (fault: StreamFault): ArtifactFaultReason => REASON_OF_KIND[fault.kind];

/** Runs `work` and gives what is wrong with the byte stream the context it has in the texts. */
export async function within<T>(describe: (cause: string) => string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StreamFault) throw refusal(streamReason(error), describe(error.message));
    throw error;
  }
}
