import { revokedSetsStatement } from "../deviceauth/index.ts";
import {
  busyDevicesStatement,
  eachId,
  openTargetsStatement,
  queuedDeploymentsStatement,
  queuedTargetsStatement,
  wideDeployment,
  wideDeploymentsStatement,
  type WideDeployment,
} from "../deployments/index.ts";
import type { Database } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { tokenStandingStatement } from "../tenants/index.ts";
import { addTo, hashOf, type Filter, type IdHash } from "./filter.ts";

/** What of a tenant decides about its digest, in one round trip. */
export interface DigestSources {
  active: boolean;
  revokedS: number;
  /** Changes whenever tokens are revoked. */
  revocations: number;
  /** When the tenant was changed last. */
  tenantMs: number;
  wide: WideDeployment[];
  queued: { lastSeq: number; remaining: number };
}

export async function digestSources(db: Database, tenant: TenantId, nowMs: number): Promise<DigestSources> {
  const [tokens, wide, queued] = await db.batch([
    tokenStandingStatement(tenant),
    wideDeploymentsStatement(tenant),
    queuedDeploymentsStatement(tenant),
  ]);
  return {
    active: tokens?.status === "active",
    revokedS: tokens?.revoked_s ?? 0,
    revocations: tokens?.revocations ?? 0,
    tenantMs: tokens?.updated_ms ?? 0,
    wide: wide.map((row) => wideDeployment(row, nowMs)),
    queued: { lastSeq: queued?.last_seq ?? 0, remaining: queued?.remaining ?? 0 },
  };
}

const PAGE = 5000;
/** Chunks of about a thousand ids read at once. */
const CHUNKS = 20;
/** Deployments to a few devices read at once. */
const SMALL_LISTS = 1000;

/** Sets whose tokens were ended. */
export async function revokedSets(db: Database, tenant: TenantId): Promise<IdHash[]> {
  const hashes: IdHash[] = [];
  for (let after = "", full = true; full;) {
    const page = await db.one(revokedSetsStatement(tenant, after, PAGE));
    for (const { auth_set_id } of page) hashes.push(hashOf(auth_set_id));
    full = page.length === PAGE;
    after = page.at(-1)?.auth_set_id ?? "";
  }
  return hashes;
}

/** Devices queued one by one by deployments behind this number, and the last such number. */
export async function queuedDevices(
  db: Database,
  tenant: TenantId,
  afterSeq: number,
): Promise<{ hashes: IdHash[]; lastSeq: number }> {
  const hashes: IdHash[] = [];
  let lastSeq = afterSeq;
  for (let full = true; full;) {
    const page = await db.one(queuedTargetsStatement(tenant, lastSeq, SMALL_LISTS));
    for (const { ids } of page) eachId(ids, (...id) => hashes.push(hashOf(...id)));
    full = page.length === SMALL_LISTS;
    lastSeq = page.at(-1)?.seq ?? lastSeq;
  }
  return { hashes, lastSeq };
}

/** Fills a filter with the devices that may still have work in a deployment to many. */
export async function fillWaiting(
  db: Database,
  tenant: TenantId,
  seq: number,
  filter: Filter,
): Promise<void> {
  const add = (text: string, from: number, to: number) => addTo(filter, hashOf(text, from, to));
  for (let after = "", full = true; full;) {
    const page = await db.one(openTargetsStatement(tenant, seq, after, CHUNKS));
    for (const { ids } of page) eachId(ids, add);
    full = page.length === CHUNKS;
    after = page.at(-1)?.first_id ?? "";
  }
}

/** Devices that are at a deployment. */
export async function busyHashes(db: Database, tenant: TenantId, seq: number): Promise<IdHash[]> {
  const hashes: IdHash[] = [];
  for (let after = { status: 0, device: "" }, full = true; full;) {
    const page = await db.one(busyDevicesStatement(tenant, seq, after, PAGE));
    for (const { device_id } of page) hashes.push(hashOf(device_id));
    full = page.length === PAGE;
    const last = page.at(-1);
    after = { status: last?.status ?? 0, device: last?.device_id ?? "" };
  }
  return hashes;
}
