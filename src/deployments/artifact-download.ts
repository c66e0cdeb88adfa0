import { acceptedDeviceStatement } from "../deviceauth/service.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { downloadAllowedStatement } from "./service.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { artifactBytesStatement, type ArtifactBytes } from "../releases/service.ts";
import { cut, type Segment } from "../storage/layout.ts";
import { ARTIFACT_TYPE } from "../storage/object-writer.ts";
import { readRange } from "../storage/range.ts";

export interface DownloadRequest {
  tenant: TenantId;
  artifact: string;
  /** Not HEAD. */
  wantsBody: boolean;
  range: string | undefined;
  ifRange: string | undefined;
  /** Whom the link was given to; it dies with the device, and with the deployment if it was given for one. */
  recipient: Recipient | undefined;
}

interface Recipient {
  device: DeviceId;
  deployment: string | undefined;
}

const allowed = (tenant: TenantId, { device, deployment }: Recipient): Statement<object | undefined> =>
  deployment === undefined
    ? acceptedDeviceStatement(tenant, device)
    : downloadAllowedStatement(tenant, deployment, device);

/**
 * Small devices fetch an artifact in thousands of ranges, so what is known of a link is kept for a few seconds: after
 * that an artifact is gone that was deleted, and a link is dead whose deployment was aborted.
 */
const KNOWN_FOR_MS = 5_000;
const MAX_KNOWN = 1_000;
const known = new Map<string, { bytes: ArtifactBytes; untilMs: number }>();

async function findBytes(deps: Deps, request: DownloadRequest): Promise<ArtifactBytes> {
  const { tenant, artifact, recipient } = request;
  const key = [tenant, artifact, recipient?.deployment, recipient?.device].join("/");
  const cached = known.get(key);
  if (cached && cached.untilMs > deps.now()) return cached.bytes;
  known.delete(key);
  const [bytes, permission] = await deps
    .db(tenant)
    .batch([artifactBytesStatement(tenant, artifact), ...(recipient ? [allowed(tenant, recipient)] : [])]);
  if (recipient && !permission) throw new Fault("forbidden", "URL revoked");
  if (!bytes) throw gone();
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, { bytes, untilMs: deps.now() + KNOWN_FOR_MS });
  return bytes;
}

const gone = () => new Fault("not_found", "Resource not found");

/** The artifact or a range of it, as the four real downloaders expect it (protocol notes, storage 6). */
export async function downloadArtifact(deps: Deps, request: DownloadRequest): Promise<Response> {
  const { name, size, layout } = await findBytes(deps, request);
  const entityTag = `"${request.artifact}"`;
  const isSameEntity = request.ifRange === undefined || request.ifRange === entityTag;
  const wanted = readRange(isSameEntity ? request.range : undefined, size);
  if (wanted.kind === "unsatisfiable") {
    throw new Fault("range_not_satisfiable", "range not satisfiable", {
      headers: { "Content-Range": `bytes */${size}`, "Accept-Ranges": "bytes" },
    });
  }
  const range = wanted.kind === "part" ? wanted.range : { first: 0, last: size - 1 };
  const headers = new Headers({
    "Content-Type": ARTIFACT_TYPE,
    "Content-Disposition": contentDisposition(`${name}.mender`),
    "Content-Length": String(range.last - range.first + 1),
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-transform",
    ETag: entityTag,
  });
  if (wanted.kind === "part") headers.set("Content-Range", `bytes ${range.first}-${range.last}/${size}`);
  const status = wanted.kind === "part" ? 206 : 200;
  const body = request.wantsBody ? await openBytes(deps, cut(layout, range)) : null;
  return new Response(body, { status, headers });
}

async function openSegment(deps: Deps, [key, offset, length]: Segment): Promise<ReadableStream> {
  const object = await deps.bucket.get(key, { range: { offset, length } });
  if (!object) throw gone();
  return object.body;
}

/** Bytes go from the bucket to the client without passing through script. */
async function openBytes(deps: Deps, segments: readonly Segment[]): Promise<ReadableStream | null> {
  const [first, ...others] = segments;
  if (!first) return null;
  const head = await openSegment(deps, first);
  if (others.length === 0) return head;
  const length = segments.reduce((sum, [, , size]) => sum + size, 0);
  const { readable, writable } = new FixedLengthStream(length);
  // The request lives as long as its body is being sent, and a failure shows in the body.
  void joinSegments(deps, head, others, writable);
  return readable;
}

async function joinSegments(
  deps: Deps,
  head: ReadableStream,
  others: readonly Segment[],
  writable: WritableStream,
): Promise<void> {
  try {
    await head.pipeTo(writable, { preventClose: true });
    for (const segment of others) {
      await (await openSegment(deps, segment)).pipeTo(writable, { preventClose: true });
    }
    await writable.close();
  } catch (cause) {
    // The client went away, or the artifact was deleted meanwhile: a cut body tells it either way.
    await writable.abort(cause).catch(() => undefined);
  }
}

/** Names come from uploads and may hold anything printable (RFC 6266, RFC 8187). */
export function contentDisposition(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]/g, "_").replace(/["\\]/g, "\\$&");
  if (/^[\x20-\x7e]*$/.test(fileName) && !/["\\%]/.test(fileName)) return `attachment; filename="${plain}"`;
  const encoded = encodeURIComponent(fileName).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
