import { createHash, createPublicKey } from "node:crypto";
import { verifySignature } from "../artifact/verify.ts";
import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { rfc3339 } from "../platform/clock.ts";
import { isUniqueViolation } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { addKey, dropKey, keysOf, MAX_KEYS, type KeyRow } from "./trusted-key-store.ts";

/** A tenant with trusted keys takes only artifacts that one of them signed. */
export interface TrustedKey {
  id: string;
  name: string;
  public_key: string;
  created: string;
}

const toKey = (row: KeyRow): TrustedKey => ({
  id: row.key_id,
  name: row.name,
  public_key: row.pem,
  created: rfc3339(row.created_ms),
});

export async function listTrustedKeys(deps: Deps, actor: Actor): Promise<TrustedKey[]> {
  return (await deps.db(actor.tenant).one(keysOf(actor.tenant))).map(toKey);
}

const SUPPORTED = new Set(["rsa", "ec"]);

/** The key in its standard form and a fingerprint of it; undefined if it cannot verify artifacts. */
function readPublicKey(pem: string): { pem: string; id: string } | undefined {
  // A private key would be turned into its public half, but has no business here.
  if (pem.includes("PRIVATE KEY")) return undefined;
  try {
    const key = createPublicKey(pem);
    if (!SUPPORTED.has(key.asymmetricKeyType ?? "")) return undefined;
    const fingerprint = createHash("sha256")
      .update(key.export({ format: "der", type: "spki" }))
      .digest("hex");
    return { pem: key.export({ format: "pem", type: "spki" }).toString(), id: fingerprint.slice(0, 32) };
  } catch {
    return undefined;
  }
}

/** Administrators alone decide whom to trust, not those who upload. */
export async function trustKey(
  deps: Deps,
  actor: Actor,
  input: { name: string; public_key: string },
): Promise<string> {
  const key = readPublicKey(input.public_key);
  if (!key) throw new Fault("bad_request", "public_key: must be an RSA or ECDSA public key in PEM form.");
  const now = deps.now();
  const object = { type: "artifact_key", id: key.id, detail: { artifact_key: { name: input.name } } };
  const row = { key_id: key.id, name: input.name, pem: key.pem, created_ms: now };
  try {
    const [added] = await deps
      .db(actor.tenant)
      .batch([addKey(actor.tenant, row), addAuditIfChanged(actor, { action: "create", object }, now)]);
    if (added === 0) throw new Fault("unprocessable", `there are ${MAX_KEYS} trusted keys already`);
  } catch (cause) {
    if (isUniqueViolation(cause, "artifact_keys.tenant_id, artifact_keys.key_id")) {
      throw new Fault("conflict", "the key is trusted already");
    }
    throw cause;
  }
  return key.id;
}

export async function distrustKey(deps: Deps, actor: Actor, id: string): Promise<void> {
  const object = { type: "artifact_key", id };
  const [removed] = await deps
    .db(actor.tenant)
    .batch([dropKey(actor.tenant, id), addAuditIfChanged(actor, { action: "delete", object }, deps.now())]);
  if (removed === 0) throw new Fault("not_found", "Resource not found");
}

/** Refuses what nobody can have signed, before it is made. */
export async function demandUnsignedTaken(deps: Deps, tenant: TenantId): Promise<void> {
  if ((await deps.db(tenant).one(keysOf(tenant))).length === 0) return;
  throw new Fault(
    "unprocessable",
    "this tenant takes only artifacts that a trusted key signed, and generated ones are not signed: sign the artifact yourself and upload it",
  );
}

/** The id of the trusted key that signed the artifact; undefined where the tenant trusts no key and so takes all. */
export async function demandTrusted(
  deps: Deps,
  tenant: TenantId,
  artifact: { manifest: string; signature: string | null; augmented: boolean },
): Promise<string | undefined> {
  const keys = await deps.db(tenant).one(keysOf(tenant));
  if (keys.length === 0) return undefined;
  if (artifact.signature === null) throw new Fault("bad_request", "the artifact is not signed");
  if (artifact.augmented) throw new Fault("bad_request", "the signature does not cover augmented files");
  const signer = keys.find(({ pem }) => verifySignature(artifact, pem).ok);
  if (!signer) throw new Fault("bad_request", "the artifact is not signed by a trusted key");
  return signer.key_id;
}
