import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { contentDisposition } from "./content-disposition.ts";
import { ARTIFACT_TYPE } from "./object-writer.ts";
import { checkPreconditions, httpDate, type Validators } from "./preconditions.ts";
import { type ByteRange, readRange } from "./range.ts";

export interface ByteRequest {
  headers: Headers;
  /** Not HEAD. */
  wantsBody: boolean;
  /** The link has lapsed: nothing is answered but the rest of what was begun. */
  onlyRest?: boolean;
}

export interface ByteSource {
  fileName: string;
  /** Of an artifact unless said. */
  contentType?: string;
  size: number;
  validators: Validators;
  open: (range: ByteRange) => Promise<BodyInit | null>;
}

/** All bytes or a range of them, as the real downloaders (protocol notes, storage 6) and RFC 9110 expect it. */
export async function answerBytes(request: ByteRequest, source: ByteSource): Promise<Response> {
  const { size, validators } = source;
  const known = {
    ETag: validators.entityTag,
    "Last-Modified": httpDate(validators.modifiedMs),
    "Cache-Control": "private, no-transform",
  };
  const verdict = checkPreconditions(request.headers, validators);
  if (verdict.kind === "failed") throw new Fault("precondition_failed", "precondition failed");
  if (verdict.kind === "not modified") return new Response(null, { status: 304, headers: known });
  const wanted = readRange(verdict.range ? (request.headers.get("range") ?? undefined) : undefined, size);
  if (wanted.kind === "unsatisfiable") {
    throw new Fault("range_not_satisfiable", "range not satisfiable", {
      headers: { "Content-Range": `bytes */${size}`, "Accept-Ranges": "bytes" },
    });
  }
  const range = wanted.kind === "part" ? wanted.range : { first: 0, last: size - 1 };
  if (request.onlyRest && range.first === 0) throw new Fault("forbidden", "URL expired");
  const headers = new Headers({
    ...known,
    "Content-Type": source.contentType ?? ARTIFACT_TYPE,
    "Content-Disposition": contentDisposition(source.fileName),
    "Content-Length": String(range.last - range.first + 1),
    "Accept-Ranges": "bytes",
  });
  if (wanted.kind === "part") headers.set("Content-Range", `bytes ${range.first}-${range.last}/${size}`);
  const body = request.wantsBody ? await source.open(range) : null;
  return new Response(body, { status: wanted.kind === "part" ? 206 : 200, headers });
}

/** Counts the bytes of an answer for the tenant whose they are: all that was asked for, also of a client that went away. */
export function counted(deps: Pick<Deps, "count">, tenant: TenantId, answer: Response): Response {
  const bytes = answer.body ? Number(answer.headers.get("content-length")) : 0;
  if (bytes > 0) deps.count(tenant, { downloadedBytes: bytes });
  return answer;
}
