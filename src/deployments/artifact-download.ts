import { acceptedDeviceStatement } from "../deviceauth/index.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { artifactBytesStatement, type ArtifactBytes } from "../releases/index.ts";
import { answerBytes, cut, type ByteRequest, type Recipient, type Segment } from "../storage/index.ts";
import { mayStatement } from "../useradm/index.ts";
import { isDownloading } from "./status.ts";
import { mayDownload } from "./store/usage.ts";

export interface DownloadRequest extends ByteRequest {
  tenant: TenantId;
  artifact: string;
  recipient: Recipient | undefined;
}

interface Known {
  bytes: ArtifactBytes;
  /** The device told that it is in the middle of this download. */
  downloading: boolean;
}

/**
 * Small devices fetch an artifact in thousands of ranges, so what is known of a link is kept for a few seconds: after
 * that an artifact is gone that was deleted, and a link is dead whose recipient lost the right to it.
 */
const KNOWN_FOR_MS = 5_000;
const MAX_KNOWN = 1_000;
const known = new Map<string, Known & { untilMs: number }>();

async function find(deps: Deps, request: DownloadRequest): Promise<Known> {
  const key = JSON.stringify([request.tenant, request.artifact, request.recipient]);
  const cached = known.get(key);
  if (cached && cached.untilMs > deps.now()) return cached;
  known.delete(key);
  const found = await lookUp(deps, request);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, { ...found, untilMs: deps.now() + KNOWN_FOR_MS });
  return found;
}

const revoked = () => new Fault("forbidden", "URL revoked");
const gone = () => new Fault("not_found", "Resource not found");

/** One round trip, whoever the link was given to. */
async function lookUp(deps: Deps, { tenant, artifact, recipient }: DownloadRequest): Promise<Known> {
  const { rights, part } = rightsOf(deps, tenant, recipient);
  const [bytes, ...held] = await deps
    .db(tenant)
    .batch([artifactBytesStatement(tenant, artifact), ...rights, ...part]);
  if (held.some((right) => right === undefined)) throw revoked();
  if (!bytes) throw gone();
  const own = part.length > 0 ? (held.at(-1) as { status: number } | undefined) : undefined; // the row of `part`
  return { bytes, downloading: own !== undefined && isDownloading(own) };
}

/** Rows that must be there for the link to work; `part` is the device's part in the deployment. */
function rightsOf(deps: Deps, tenant: TenantId, recipient: Recipient | undefined) {
  const rights: Statement<object | undefined>[] = [];
  const part: Statement<{ status: number } | undefined>[] = [];
  if (recipient?.kind === "user") {
    rights.push(mayStatement(tenant, recipient, "artifacts:download", deps.now()));
  } else if (recipient) {
    rights.push(acceptedDeviceStatement(tenant, recipient.device));
    if (recipient.deployment !== undefined) {
      part.push(mayDownload(tenant, recipient.deployment, recipient.device));
    }
  }
  return { rights, part };
}

/** The artifact or a range of it. */
export async function downloadArtifact(deps: Deps, request: DownloadRequest): Promise<Response> {
  const { bytes, downloading } = await find(deps, request);
  if (request.onlyRest && !downloading) throw new Fault("forbidden", "URL expired");
  const { name, size, layout, createdMs } = bytes;
  const transfer = new Transfer(deps, request);
  return answerBytes(request, {
    fileName: `${name}.mender`,
    size,
    validators: { entityTag: `"${request.artifact}"`, modifiedMs: createdMs },
    open: (range) => transfer.open(cut(layout, range)),
  });
}

/** How often a transfer that goes on asks whether it still may. */
export const RECHECK_MS = 5_000;
/** Shorter ones end before it matters, and pass from the bucket to the client untouched. */
const WATCHED_BYTES = 1024 * 1024;

/** Bytes on their way from the bucket to a client, without passing through script. */
class Transfer {
  readonly #deps: Deps;
  readonly #request: DownloadRequest;

  constructor(deps: Deps, request: DownloadRequest) {
    this.#deps = deps;
    this.#request = request;
  }

  async open(segments: readonly Segment[]): Promise<ReadableStream | null> {
    const [first, ...others] = segments;
    if (!first) return null;
    const head = await this.#read(first);
    const length = segments.reduce((sum, [, , size]) => sum + size, 0);
    if (others.length === 0 && length < WATCHED_BYTES) return head;
    const { readable, writable } = new FixedLengthStream(length);
    // The request lives as long as its body is being sent, and a failure shows in the body.
    void this.#send(head, others, writable);
    return readable;
  }

  async #read([key, offset, length]: Segment): Promise<ReadableStream> {
    const object = await this.#deps.bucket.get(key, { range: { offset, length } });
    if (!object) throw gone();
    return object.body;
  }

  async #send(head: ReadableStream, others: readonly Segment[], writable: WritableStream): Promise<void> {
    const end = new AbortController();
    const timer = setInterval(() => void this.#recheck(end), RECHECK_MS);
    const options = { preventClose: true, signal: end.signal };
    try {
      await head.pipeTo(writable, options);
      for (const segment of others) await (await this.#read(segment)).pipeTo(writable, options);
      await writable.close();
    } catch (cause) {
      // The client went away, or lost its right, or the artifact was deleted: a cut body tells it either way.
      await writable.abort(cause).catch(() => undefined);
    } finally {
      clearInterval(timer);
    }
  }

  async #recheck(end: AbortController): Promise<void> {
    try {
      await lookUp(this.#deps, this.#request);
    } catch (cause) {
      // A database that is away takes nobody's right.
      if (cause instanceof Fault && cause.kind !== "unavailable") end.abort(cause);
    }
  }
}
