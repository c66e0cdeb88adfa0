import { readArtifact, type ArtifactFault } from "../artifact/read.ts";
import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId } from "../platform/ids.ts";
import { ObjectUpload, overQuota, roomIn, storageQuota, type Quota } from "../storage/index.ts";
import { acceptArtifact } from "./add-artifact.ts";
import { readBody, type UploadBody } from "./body.ts";
import { readUploadForm, type UploadFields } from "./form.ts";

/** What the form around the file may add to the body. */
const FORM_OVERHEAD_BYTES = 2 * 1024 * 1024;

/** A file longer than was announced is too large, wherever in it the announced size ends. */
export const refuseArtifact = ({ reason, message }: ArtifactFault): Fault =>
  reason === "size_exceeded" || reason === "too_large"
    ? new Fault("too_large", "Artifact file too large")
    : new Fault("bad_request", message);

/** Stores an artifact while it is being read and checked, in one pass; answers with its id. */
export async function uploadArtifact(deps: Deps, actor: Actor, body: UploadBody): Promise<string> {
  boundDeclaredSize(deps, body.declaredBytes);
  return readBody(deps, body, (parts) =>
    readUploadForm(parts, (fields, file) => receiveArtifact(deps, actor, fields, file)),
  );
}

/** Some platforms cut bodies off before they reach the server; the limit here says what to do instead. */
function boundDeclaredSize({ settings }: Deps, declaredBytes: number | undefined): void {
  if (declaredBytes === undefined) return;
  if (declaredBytes > settings.MAX_ARTIFACT_BYTES + FORM_OVERHEAD_BYTES) {
    throw new Fault("too_large", "http: request body too large");
  }
  if (declaredBytes > settings.MAX_BODY_BYTES) {
    throw new Fault(
      "too_large",
      `request bodies are limited to ${settings.MAX_BODY_BYTES} bytes: upload larger artifacts by POST /api/management/v1/deployments/artifacts/directupload`,
    );
  }
}

/** Checks the announced size before anything is stored. */
function boundAnnouncedSize({ settings }: Deps, size: number | undefined, quota: Quota): void {
  if (size === undefined) return;
  if (size > settings.MAX_ARTIFACT_BYTES) throw new Fault("bad_request", "Artifact file too large");
  if (size > roomIn(quota)) throw overQuota(quota);
}

async function receiveArtifact(
  deps: Deps,
  actor: Actor,
  fields: UploadFields,
  file: AsyncIterable<Uint8Array>,
): Promise<string> {
  const quota = await storageQuota(deps, actor.tenant);
  boundAnnouncedSize(deps, fields.size, quota);
  const upload = await ObjectUpload.begin(deps, actor.tenant);
  try {
    const options = {
      maxBytes: deps.settings.MAX_ARTIFACT_BYTES,
      ...(fields.size === undefined ? {} : { expectedSize: fields.size }),
    };
    const read = await readArtifact(upload.tap(within(quota, file)), options);
    if (!read.ok) throw refuseArtifact(read.fault);
    const id = fields.artifactId ?? newId();
    await acceptArtifact(deps, actor, {
      id,
      description: fields.description,
      read: read.artifact,
      object: await upload.finish(),
      limit: quota.limit,
    });
    return id;
  } catch (cause) {
    await upload.abandon();
    throw cause;
  }
}

/** Stops as soon as more has come than the tenant may store. */
async function* within(quota: Quota, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let room = roomIn(quota);
  for await (const chunk of chunks) {
    room -= chunk.length;
    if (room < 0) throw overQuota(quota);
    yield chunk;
  }
}
