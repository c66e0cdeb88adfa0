import type { Context } from "hono";
import type { UserActor } from "../platform/actor.ts";
import type { AppEnv } from "../platform/app-env.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault, type FaultKind } from "../platform/fault.ts";
import type { DeviceId } from "../platform/ids.ts";
import { describeIssues, mediaTypeOf } from "../platform/wire.ts";
import { multipartBoundary, MultipartFault, readMultipart, type MultipartPart } from "../storage/index.ts";
import { byteStream } from "./byte-stream.ts";
import { UploadFields } from "./schema.ts";
import { connectionObject, isConnectedFor } from "./connections.ts";
import type { Holder } from "./sockets.ts";
import type { FileInfo, TransferFault } from "./transfer.ts";
import type { Transferred } from "./transfers.ts";

const MAX_FIELD_BYTES = 8192;

const FAULTS: Record<TransferFault["status"], FaultKind> = {
  400: "bad_request",
  401: "unauthorized",
  408: "timeout",
  409: "conflict",
  422: "unprocessable",
  500: "bad_gateway",
  502: "bad_gateway",
  503: "unavailable",
};

const holderOf = ({ user, email, token }: UserActor): Holder => ({ user, email, token });

/** The value of a transfer, or the fault that the client may know. */
function settled<T>(outcome: Transferred<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Fault(FAULTS[outcome.status], outcome.error);
}

async function connectedObject(deps: Deps, actor: UserActor, device: DeviceId) {
  if (!(await isConnectedFor(deps, actor, device))) throw new Fault("conflict", "device disconnected");
  return connectionObject(deps, actor.tenant, device);
}

/** The fields of an upload form up to its file, which is the last part that counts (protocol notes, deviceconnect 5). */
async function readForm(parts: AsyncGenerator<MultipartPart, void>) {
  const fields: Record<string, string> = {};
  // Not a `for await`: leaving that would close the form before its file is read.
  for (let part = await parts.next(); !part.done; part = await parts.next()) {
    if (part.value.name === "file") return { fields, file: part.value };
    fields[part.value.name] = await textOf(part.value.body);
  }
  return { fields, file: undefined };
}

function asFormFault(cause: unknown): never {
  if (cause instanceof MultipartFault) throw new Fault("bad_request", cause.message, { cause });
  throw cause;
}

function boundaryOf(c: Context<AppEnv>): string {
  const boundary =
    mediaTypeOf(c).startsWith("multipart/") && multipartBoundary(c.req.header("content-type") ?? "");
  if (!boundary) {
    throw new Fault(
      "unsupported_media",
      "Bad Content-Type, expected 'multipart/form-data', 'multipart/mixed'",
    );
  }
  return boundary;
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.byteLength;
    if (size > MAX_FIELD_BYTES) throw new Fault("bad_request", "form field too long");
    pieces.push(new Uint8Array(piece)); // lent until the next one is asked for
  }
  return Buffer.concat(pieces).toString("utf8");
}

function requireSize(size: number, maxBytes: number): void {
  if (size > maxBytes) throw new Fault("too_large", `file is larger than ${maxBytes} bytes`);
}

/** Counts a source that did not declare its size. What it throws does not survive the way through the object, so it is kept. */
class Bounded implements AsyncIterable<Uint8Array> {
  refusal: unknown;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #maxBytes: number;

  constructor(source: AsyncIterable<Uint8Array>, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let size = 0;
    try {
      for await (const piece of this.#source) {
        size += piece.byteLength;
        requireSize(size, this.#maxBytes);
        yield piece;
      }
    } catch (cause) {
      this.refusal = cause;
      throw cause;
    }
  }
}

/** Sends the file of an upload form to the device as it comes in. */
export async function receiveUpload(c: Context<AppEnv>, actor: UserActor, device: DeviceId): Promise<void> {
  const { deps } = c.var;
  const { MAX_DEVICE_FILE_BYTES: maxBytes } = deps.settings;
  requireSize(Number(c.req.header("content-length") ?? 0), maxBytes);
  const boundary = boundaryOf(c);
  const form =
    c.req.raw.body &&
    (await readForm(readMultipart(c.req.raw.body, boundary, { lend: true, clock: deps })).catch(asFormFault));
  if (!form?.file) throw new Fault("bad_request", "file: upload file is required.");
  const fields = UploadFields.safeParse(form.fields);
  if (!fields.success) throw new Fault("bad_request", describeIssues(fields.error.issues));
  const target = { ...fields.data, srcPath: form.file.filename?.split("/").pop() };
  const object = await connectedObject(deps, actor, device);
  const source = new Bounded(form.file.body, maxBytes);
  const outcome = await object.upload(holderOf(actor), target, byteStream(source)).catch((cause: unknown) => {
    if (source.refusal !== undefined) return asFormFault(source.refusal);
    throw cause;
  });
  settled(outcome);
}

// eslint-disable-next-line no-control-regex -- what no header can carry
const CONTROL = /[\u0000-\u001f\u007f]/g;

/** A file's name in a header, as it is but for what would end the header. */
const inHeader = (text: string) => text.replace(CONTROL, encodeURIComponent);

const headersOf = (info: FileInfo) => {
  const name = inHeader(info.path.split("/").pop() ?? "file");
  return {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": `attachment; filename="${name.replace(/["\\]/g, "\\$&")}"`,
    "X-MEN-File-Path": inHeader(info.path),
    "X-MEN-File-UID": String(info.uid),
    "X-MEN-File-GID": String(info.gid),
    "X-MEN-File-Mode": info.mode.toString(8),
    "X-MEN-File-Size": String(info.size),
  };
};

/** Answers with a file of the device as the device sends it; for HEAD only with what is known of it. */
export async function sendDownload(
  c: Context<AppEnv>,
  actor: UserActor,
  device: DeviceId,
  path: string,
): Promise<Response> {
  const { deps } = c.var;
  const object = await connectedObject(deps, actor, device);
  if (c.req.method === "HEAD") {
    return new Response(null, { headers: headersOf(settled(await object.stat(holderOf(actor), path))) });
  }
  const { info, content } = settled(await object.download(holderOf(actor), path));
  return new Response(content, { headers: headersOf(info) });
}
