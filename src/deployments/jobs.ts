import { searchDeviceIds } from "../inventory/index.ts";
import type { EventHandler } from "../platform/background.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { asDeviceId, type TenantId } from "../platform/ids.ts";
import { addEvent, type EventKind } from "../platform/outbox.ts";
import { EVENTS } from "./events.ts";
import { removeLogs } from "./logs.ts";
import { TARGET_PAGE } from "./limits.ts";
import { addTargets, countTargets, endTargeting, untargeted, type TargetingRow } from "./store/create.ts";
import { purgeDevices, purgeRest } from "./store/remove.ts";
import { ABORT_PAGE, settleAborted } from "./store/abort.ts";
import { targetChunks, type TargetChunk } from "./store/devices.ts";
import { orderOf, phasesOf, setSizes } from "./store/governing.ts";
import { scopeTerms } from "./targets.ts";
import { placesIn, placesOf } from "./rollout/govern.ts";

/** Pages of one run: a run stays well within the statements a single invocation may make, and goes on in the next. */
const PAGES_OF_A_RUN = 100;

/** Chunks of about a thousand ids read at once. */
const CHUNKS_A_PAGE = 20;

const goOn = async (deps: Deps, kind: EventKind, tenant: TenantId, subject: string, data = {}) => {
  await deps.db(tenant).one(addEvent({ kind, tenant, subject, data }, deps.now()));
};

/** Looks up the targets of a large deployment, page by page. Two runs at once add nothing twice. */
export const resolveTargets: EventHandler = async (deps, { tenant, subject: id }) => {
  const row = await deps.db(tenant).one(untargeted(tenant, id));
  if (!row) return;
  let after = row.targeted_to;
  for (let page = 0; page < PAGES_OF_A_RUN; page++) {
    const ids = await searchDeviceIds(deps, tenant, termsOf(row), {
      after: asDeviceId(after),
      limit: TARGET_PAGE,
    });
    const to = ids.at(-1);
    if (to !== undefined) {
      const [counted] = await deps
        .db(tenant)
        .batch([
          countTargets(tenant, row.seq, { from: after, to, count: ids.length }),
          addTargets({ tenant, id }, ids),
        ]);
      if (counted === 0) return; // aborted, or another run is ahead
      after = to;
    }
    if (ids.length < TARGET_PAGE) {
      const atMs = deps.now();
      // One that opens later says so itself then.
      const opened =
        row.opens_ms > atMs ? [] : [addEvent({ kind: EVENTS.opened, tenant, subject: id }, atMs)];
      const sized = row.governed === 1 ? await sizing(deps, tenant, row.seq) : [];
      await deps.db(tenant).batch([...sized, ...endTargeting(tenant, id, { after, atMs }), ...opened]);
      return;
    }
  }
  await goOn(deps, EVENTS.targeting, tenant, id);
};

/** The sizes of phases by the devices that were found, and the place of each where they have one. */
async function sizing(deps: Deps, tenant: TenantId, seq: number): Promise<Statement<number>[]> {
  const [phases, order] = await deps.db(tenant).batch([phasesOf(tenant, seq), orderOf(tenant, seq)]);
  const salt = order?.salt ?? 0;
  const canaries = new Set(JSON.parse(order?.canaries ?? "[]") as string[]); // written by `addGoverning`
  const found: Int32Array[] = [];
  for (let after: string | undefined = ""; after !== undefined;) {
    const chunks: TargetChunk[] = await deps.db(tenant).one(targetChunks(tenant, seq, after, CHUNKS_A_PAGE));
    for (const { ids } of chunks) found.push(placesOf(JSON.parse(ids) as string[], salt, canaries)); // by `addTargets`
    after = chunks.at(-1)?.first_id;
  }
  const total = found.reduce((sum, { length }) => sum + length, 0);
  const places = new Int32Array(total);
  let at = 0;
  for (const part of found) {
    places.set(part, at);
    at += part.length;
  }
  const sized = phases.map((one) => ({
    batchSize: one.batch_size,
    batchSizeDevices: one.batch_size_devices,
  }));
  return [setSizes(tenant, seq, placesIn(sized, { total, isDynamic: false }, { salt, places }))];
}

function termsOf(row: TargetingRow) {
  const [group] = JSON.parse(row.group_names) as string[]; // written by `addDeployment`
  return scopeTerms(row.scope === "group" ? group : undefined);
}

/** Writes an abort into the rows of devices that were at it. */
export const settleAbort: EventHandler = async (deps, { tenant, subject: id }) => {
  for (let page = 0; page < PAGES_OF_A_RUN; page++) {
    if ((await deps.db(tenant).one(settleAborted(tenant, id))) < ABORT_PAGE) return;
  }
  await goOn(deps, EVENTS.settling, tenant, id);
};

/** Removes what a deleted deployment leaves: logs, device rows, and what gives its number at last. */
export const purgeDeployment: EventHandler = async (deps, { tenant, subject: id, data }) => {
  const seq = Number(data?.seq);
  await removeLogs(deps, tenant, id);
  for (let page = 0; page < PAGES_OF_A_RUN; page++) {
    const left = await deps.db(tenant).one(purgeDevices(tenant, seq));
    if (left === 0) {
      await deps.db(tenant).batch(purgeRest(tenant, seq));
      return;
    }
  }
  await goOn(deps, EVENTS.deleted, tenant, id, { seq });
};
