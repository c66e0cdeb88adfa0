import { runSweeps } from "../../src/app/sweeps.ts";
import { asTenantId, type TenantId } from "../../src/platform/ids.ts";
import { keepJournals, renewJournals } from "../../src/tenantdata/index.ts";
import { flushJournal } from "../../src/tenantdata/journal/flush.ts";
import { runRestore } from "../../src/tenantdata/restoring/restores.ts";
import { operator } from "./archives.ts";
import { env, type Answer, type Server } from "./server.ts";

export interface RestoreWire {
  id: string;
  state: string;
  step: string;
  restored_to?: string;
  paused_at?: string;
  resumed_at?: string;
  error?: string;
  progress: { images: number; compared: number };
  changes: {
    tables: { table: string; added: number; changed: number; removed: number }[];
    devices_back: { count: number; told: string[] };
    devices_waiting: { count: number; told: string[] };
    devices_changed: { count: number; told: { id: string; from: string; to: string }[] };
    deployments_ended: { count: number; told: string[] };
    deployments_resumed: { count: number; told: string[] };
    artifacts_missing: { count: number; told: { id: string; name: string }[] };
  };
}

/** Has the duties of a night, and of the minute after it, make a whole copy of each tenant. */
export async function writeBase(server: Server): Promise<void> {
  const deps = await server.deps();
  await runSweeps(deps, { renew: renewJournals, keep: keepJournals });
}

/** Waits until a tenant has a journal, with a first copy. */
export async function aJournal(server: Server, name: string): Promise<TenantId> {
  await writeBase(server);
  server.advance(1000);
  return asTenantId(name);
}

export const restores = (
  server: Server,
  tenant: string,
  method: string,
  path = "",
  json?: unknown,
): Promise<Answer> => operator(server, method, `/tenants/${tenant}/restores${path}`, json);

export const beginRestore = (server: Server, tenant: string, toMs: number, isDryRun = false) =>
  restores(server, tenant, "POST", "", { to: new Date(toMs).toISOString(), dry_run: isDryRun });

export const showRestore = async (server: Server, tenant: string, id: string): Promise<RestoreWire> =>
  (await restores(server, tenant, "GET", `/${id}`)).json<RestoreWire>();

/** Restores a tenant to a time; answers how that ended. */
export async function restored(
  server: Server,
  tenant: string,
  toMs: number,
  isDryRun = false,
): Promise<RestoreWire> {
  const begun = await beginRestore(server, tenant, toMs, isDryRun);
  if (begun.status !== 202) throw new Error(begun.text);
  return showRestore(server, tenant, begun.json<RestoreWire>().id);
}

/** Begins without the work after the answer, wherever it goes. */
export async function held<T>(work: () => Promise<T>): Promise<T> {
  await env.DB.prepare(
    "CREATE TRIGGER held BEFORE UPDATE OF leased_ms ON tenant_restores WHEN NEW.leased_ms > 0 BEGIN SELECT RAISE(FAIL, 'held'); END",
  ).run();
  try {
    return await work();
  } finally {
    await env.DB.prepare("DROP TRIGGER held").run();
  }
}

/** As many calls as let a run begin one step. */
export const ONE_STEP = 120;

/** A restore that comes no further than to this step. */
export async function restoredUntil(
  server: Server,
  tenant: TenantId,
  toMs: number,
  step: string,
): Promise<string> {
  const { id } = (await held(() => beginRestore(server, tenant, toMs))).json<RestoreWire>();
  const deps = await server.deps();
  for (let tries = 0; (await showRestore(server, tenant, id)).step !== step; tries++) {
    if (tries > 100) throw new Error(`the restore does not come to ${step}`);
    await runRestore(deps, { tenant, id }, ONE_STEP);
  }
  return id;
}

/** A minute passes, with its duty; answers the last moment that is in the bucket. */
export async function minute(server: Server, tenant: TenantId): Promise<number> {
  server.advance(30_000);
  const flushed = await flushJournal(await server.deps(), tenant);
  server.advance(30_000);
  return flushed ?? 0;
}

export const stateOfJournal = (tenant: string) =>
  env.DB.prepare("SELECT state FROM journals WHERE tenant_id = ?").bind(tenant).first<string>("state");

export const READS = [
  "/api/management/v2/devauth/devices?per_page=100",
  "/api/management/v2/devauth/devices/count",
  "/api/management/v1/inventory/devices?per_page=100",
  "/api/management/v1/inventory/groups",
  "/api/management/v2/inventory/filters/attributes",
  "/api/management/v1/deployments/deployments",
  "/api/management/v1/deployments/artifacts",
  "/api/management/v2/deployments/deployments/releases",
  "/api/management/v1/useradm/users",
];

/** When devices were last heard of is not turned back. */
const CONTACT =
  /\{"name":"check_in_time"[^}]*\},|,\{"scope":"system","name":"check_in_time"[^}]*\}|"check_in_time":"[^"]*",/g;

export const withoutContacts = (answers: readonly string[]): string[] =>
  answers.map((text) => text.replaceAll(CONTACT, ""));
