import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId } from "../platform/ids.ts";
import { startOfPage } from "../platform/deep-page.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { devicesFor } from "../platform/permissions.ts";
import { readLog } from "./logs.ts";
import { logText } from "./log-text.ts";
import { deploymentObject, deviceObject, historyEntry, statisticsOf } from "./wire-objects.ts";
import type { DeploymentObject, DeviceObject, HistoryEntry, Statistics } from "./schema.ts";
import { ACTIVE_STATUSES, counterColumn, STATUS_CODES, STATUSES, type Status } from "./status.ts";
import {
  devicesAfter,
  devicePlace,
  devicesOf,
  type DevicePlace,
  deploymentHead,
  historyOf,
  historyTotal,
  targetChunk,
  type DeploymentHead,
  type DeviceRow,
} from "./store/devices.ts";
import {
  countDeployments,
  countersOf,
  deploymentById,
  deploymentsById,
  listDeployments,
  type Counters,
  type ListFilter,
} from "./store/queries.ts";
import { reportedState } from "./store/device-status.ts";

/** One page of a list; the total is exact up to its cap. */
export interface Listed<T> {
  items: T[];
  total: number;
  hasNext: boolean;
}

export type DeploymentsWanted = Omit<ListFilter, "tenant" | "nowMs" | "reach">;

export async function deployments(
  deps: Deps,
  actor: Actor,
  wanted: DeploymentsWanted,
  page: Page,
): Promise<Listed<DeploymentObject>> {
  const reach = devicesFor(actor, "deployments:read");
  const filter = { ...wanted, tenant: actor.tenant, reach, nowMs: deps.now() };
  const [rows, count] = await deps
    .db(actor.tenant)
    .batch([listDeployments(filter, page), countDeployments(filter)]);
  return {
    items: rows.slice(0, page.perPage).map((row) => deploymentObject(row, deps.now())),
    total: count?.total ?? 0,
    hasNext: rows.length > page.perPage,
  };
}

export async function deployment(deps: Deps, actor: Actor, id: string): Promise<DeploymentObject> {
  const row = await deps.db(actor.tenant).one(deploymentById(actor.tenant, id));
  if (!row) throw new Fault("not_found", "Resource not found");
  return deploymentObject(row, deps.now());
}

type Head = DeploymentHead & Counters;

async function head(deps: Deps, actor: Actor, id: string, text: string): Promise<Head> {
  const row = await deps.db(actor.tenant).one(deploymentHead(actor.tenant, id));
  if (!row) throw new Fault("not_found", text);
  return row;
}

export const statistics = async (deps: Deps, actor: Actor, id: string): Promise<Statistics> =>
  statisticsOf(await head(deps, actor, id, "Resource not found"));

export async function statisticsList(
  deps: Deps,
  actor: Actor,
  ids: readonly string[],
): Promise<{ id: string; stats: Statistics }[]> {
  const rows = await deps
    .db(actor.tenant)
    .one(countersOf(actor.tenant, ids, devicesFor(actor, "deployments:read")));
  if (rows.length === 0) throw new Fault("not_found", "Deployment not found");
  return rows.map((row) => ({ id: row.deployment_id, stats: statisticsOf(row) }));
}

/** The stored numbers that count as these statuses in this deployment. */
function storedCodes(of: Head, statuses: readonly Status[]): number[] {
  const codes = statuses.map((status) => STATUS_CODES[status]);
  if (of.aborted_ms === null) return codes;
  const active = ACTIVE_STATUSES.map((status) => STATUS_CODES[status] as number); // widened to compare
  const ended = codes.filter((code) => !active.includes(code));
  return codes.includes(STATUS_CODES.aborted) ? [...ended, ...active] : ended;
}

/** The devices that have asked for a deployment, sorted by status and id. The total comes from the counters. */
export async function devices(
  deps: Deps,
  actor: Actor,
  id: string,
  statuses: readonly Status[] | undefined,
  page: Page,
): Promise<Listed<DeviceObject>> {
  const of = await head(deps, actor, id, "Deployment not found");
  const codes = statuses && storedCodes(of, statuses);
  const { tenant } = actor;
  const start = await startOfPage<DevicePlace>(offsetOf(page), (after, passed) =>
    deps.db(tenant).one(devicePlace(tenant, of.seq, codes, after, passed)),
  );
  const rows = start
    ? await deps.db(tenant).one(devicesOf(tenant, of.seq, codes, { perPage: page.perPage, ...start }))
    : [];
  const total = (statuses ?? STATUSES).reduce((sum, status) => sum + (of[counterColumn(status)] ?? 0), 0);
  return { items: rows.map(deviceObject), total, hasNext: page.page * page.perPage < total };
}

const STREAM_PAGE = 500;

/** All devices that have asked for a deployment, page by page. */
export async function allDevices(
  deps: Deps,
  actor: Actor,
  id: string,
): Promise<AsyncGenerator<DeviceObject>> {
  const { seq } = await head(deps, actor, id, "Resource not found");
  return eachDevice(deps, actor, seq);
}

async function* eachDevice(deps: Deps, actor: Actor, seq: number): AsyncGenerator<DeviceObject> {
  let after = { status: 0, device: "" };
  for (;;) {
    const rows = await deps.db(actor.tenant).one(devicesAfter(actor.tenant, seq, after, STREAM_PAGE));
    for (const row of rows) yield deviceObject(row);
    const last = rows.at(-1);
    if (!last || rows.length < STREAM_PAGE) return;
    after = { status: last.place, device: last.device_id };
  }
}

/** The ids of all targeted devices, chunk by chunk. */
export async function targetIds(deps: Deps, actor: Actor, id: string): Promise<AsyncGenerator<string>> {
  const { seq } = await head(deps, actor, id, "Resource not found");
  return eachTarget(deps, actor, seq);
}

async function* eachTarget(deps: Deps, actor: Actor, seq: number): AsyncGenerator<string> {
  let after = "";
  for (;;) {
    const chunk = await deps.db(actor.tenant).one(targetChunk(actor.tenant, seq, after));
    if (!chunk) return;
    for (const device of JSON.parse(chunk.ids) as string[]) yield device; // written by `addTargets`
    after = chunk.first_id;
  }
}

/** Device rows with their deployments. */
export async function entries(deps: Deps, actor: Actor, rows: readonly DeviceRow[]): Promise<HistoryEntry[]> {
  const ids = [...new Set(rows.map((row) => row.deployment_id))];
  const found = ids.length > 0 ? await deps.db(actor.tenant).one(deploymentsById(actor.tenant, ids)) : [];
  const byId = new Map(found.map((row) => [row.deployment_id, deploymentObject(row, deps.now())]));
  return rows.map((row) => historyEntry(row, byId.get(row.deployment_id)));
}

export async function history(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
  statuses: readonly Status[] | undefined,
  page: Page,
): Promise<Listed<HistoryEntry>> {
  const codes = statuses?.map((status) => STATUS_CODES[status]);
  const { tenant } = actor;
  const [rows, count] = await deps
    .db(tenant)
    .batch([historyOf(tenant, device, codes, page), historyTotal(tenant, device, codes)]);
  return {
    items: await entries(deps, actor, rows.slice(0, page.perPage)),
    total: count?.total ?? 0,
    hasNext: rows.length > page.perPage,
  };
}

/** The deployment of a device, in text. */
export async function deviceLog(deps: Deps, actor: Actor, id: string, device: DeviceId): Promise<string> {
  const { tenant } = actor;
  const row = await deps.db(tenant).one(reportedState(tenant, device, id));
  const messages = row && (await readLog(deps, { tenant, deployment: id, device }));
  if (!messages) throw new Fault("not_found", "Resource not found");
  return logText(messages);
}
