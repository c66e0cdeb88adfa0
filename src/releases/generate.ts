import { createHash } from "node:crypto";
import type { UserActor } from "../platform/actor.ts";
import { addAudit } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId, type TenantId } from "../platform/ids.ts";
import { keepObject, ObjectUpload, overQuota, roomIn, storageQuota } from "../storage/index.ts";
import { jobAbout, startBuiltIn } from "../workflows/index.ts";
import { takenCombinations } from "./artifact-store.ts";
import { digestOf } from "./combinations.ts";
import { readBody, type UploadBody } from "./body.ts";
import { readGenerateForm, type GenerateFields } from "./generate-form.ts";
import { addGeneration, generationOf } from "./generate-store.ts";
import { demandUnsignedTaken } from "./trusted-keys.ts";

const tooLarge = () => new Fault("too_large", "Artifact file too large");

/** Stores a raw file and promises an artifact made of it; answers with the id it will have. */
export async function generateArtifact(deps: Deps, actor: UserActor, body: UploadBody): Promise<string> {
  if ((body.declaredBytes ?? 0) > deps.settings.MAX_GENERATE_BYTES) {
    throw new Fault("too_large", "http: request body too large");
  }
  return readBody(deps, body, (parts) =>
    readGenerateForm(parts, (fields, file) => receiveSource(deps, actor, fields, file)),
  );
}

/** The largest file that may come now, and what is said of a larger one. */
async function roomFor(deps: Deps, tenant: TenantId, announced: number | undefined) {
  const { MAX_GENERATE_BYTES: limit } = deps.settings;
  if (announced !== undefined && announced > limit) throw new Fault("bad_request", "Artifact file too large");
  const quota = await storageQuota(deps, tenant);
  const room = roomIn(quota);
  if (announced !== undefined && announced > room) throw overQuota(quota);
  if (announced !== undefined) return { bytes: announced, fault: tooLarge() };
  return room < limit ? { bytes: room, fault: overQuota(quota) } : { bytes: limit, fault: tooLarge() };
}

async function receiveSource(
  deps: Deps,
  actor: UserActor,
  fields: GenerateFields,
  file: AsyncIterable<Uint8Array>,
): Promise<string> {
  const { tenant } = actor;
  await Promise.all([demandUnsignedTaken(deps, tenant), demandUnique(deps, tenant, fields)]);
  const room = await roomFor(deps, tenant, fields.size);
  const id = newId();
  const upload = await ObjectUpload.begin(deps, tenant, `${tenant}/${id}.tmp`);
  try {
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of file) {
      size += chunk.length;
      if (size > room.bytes) throw room.fault;
      hash.update(chunk);
      await upload.write(chunk);
    }
    if (fields.size !== undefined && size < fields.size) throw new Fault("bad_request", "unexpected EOF");
    await upload.finish();
    await record(deps, actor, { id, fields, source: upload.key, size, sha256: hash.digest("hex") });
    return id;
  } catch (cause) {
    await upload.abandon();
    throw cause;
  }
}

/** The artifact will depend on nothing but the device type. */
async function demandUnique(
  deps: Deps,
  tenant: TenantId,
  { name, deviceTypes }: GenerateFields,
): Promise<void> {
  const digests = [...new Set(deviceTypes)].map((type) => digestOf({ device_type: type }));
  const taken = await deps.db(tenant).one(takenCombinations(tenant, name, digests));
  if (taken.length > 0) throw new Fault("unprocessable", "Artifact not unique");
}

interface Received {
  id: string;
  fields: GenerateFields;
  source: string;
  size: number;
  sha256: string;
}

/** The stored source, the promise and the job that keeps it. */
async function record(deps: Deps, actor: UserActor, { id, fields, source, size, sha256 }: Received) {
  const { tenant } = actor;
  const now = deps.now();
  const start = { tenant, subject: id, input: { artifact_id: id, tenant_id: tenant } };
  const [kept] = await deps.db(tenant).batch([
    keepObject(tenant, source, { size }),
    addGeneration({
      tenant_id: tenant,
      artifact_id: id,
      name: fields.name,
      description: fields.description ?? null,
      device_types: JSON.stringify(fields.deviceTypes),
      payload: JSON.stringify(fields.payload),
      // The token of the request stays out of it.
      actor: JSON.stringify({ user: actor.user, email: actor.email, roles: actor.roles }),
      source_key: source,
      size,
      sha256,
      created_ms: now,
    }),
    ...startBuiltIn("generate_artifact", start, now).statements,
    addAudit(
      actor,
      { action: "generate", object: { type: "artifact", id, detail: { artifact: { name: fields.name } } } },
      now,
    ),
  ]);
  if (kept === 0) throw new Fault("conflict", "the upload was given up because it made no progress");
}

export interface GenerationState {
  id: string;
  status: "pending" | "processing" | "done" | "failed";
  /** Percent. */
  progress: number;
  error?: string;
}

/** What has become of a promised artifact. */
export async function generationState(deps: Deps, actor: UserActor, id: string): Promise<GenerationState> {
  const generation = await deps.db(actor.tenant).one(generationOf(actor.tenant, id));
  if (!generation) throw new Fault("not_found", "Resource not found");
  if (generation.finished_ms !== null) return { id, status: "done", progress: 100 };
  const job = await jobAbout(deps, actor.tenant, id);
  const hasEnded = !job || (job.status !== "pending" && job.status !== "processing");
  const { size, written } = generation;
  const progress = size === 0 ? 0 : Math.floor((100 * written) / size);
  if (!hasEnded) return { id, status: job.status === "pending" ? "pending" : "processing", progress };
  return { id, status: "failed", progress, error: job?.failure ?? "the job was cancelled" };
}
