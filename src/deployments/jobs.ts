import type { EventHandler } from "../platform/background.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import { addEvent, type EventKind } from "../platform/outbox.ts";
import { EVENTS } from "./events.ts";
import { removeLogs } from "./logs.ts";
import { TARGET_CHUNK, TARGET_PAGE } from "./limits.ts";
import { addFound, endTargeting, untargeted, type TargetingRow } from "./store/targeting.ts";
import { purgeDevices, purgeRest, purgeTargets, TARGETS_AT_ONCE } from "./store/remove.ts";
import { ABORT_PAGE, settleAborted } from "./store/abort.ts";
import { targetChunks, type TargetChunk } from "./store/devices.ts";
import { orderOf, phasesOf, setSizes } from "./store/governing.ts";
import { eachId } from "./id-list.ts";
import { placesIn } from "./rollout/govern.ts";
import { CANARY, deviceNumber, placeOfNumber } from "./rollout/order.ts";

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
  const group = groupOf(row);
  let after = row.targeted_to;
  for (let page = 0; page < PAGES_OF_A_RUN; page++) {
    const [added, , now] = await deps
      .db(tenant)
      .batch([...addFound(tenant, row.seq, { group, after, limit: TARGET_PAGE }), untargeted(tenant, id)]);
    if (!now || (added === 0 && now.targeted_to !== after)) return; // aborted, or another run is ahead
    after = now.targeted_to;
    if (added < TARGET_PAGE / TARGET_CHUNK) return endOf(deps, tenant, id, now);
  }
  await goOn(deps, EVENTS.targeting, tenant, id);
};

/** All targets are known: phases get their sizes, and devices may ask. */
async function endOf(deps: Deps, tenant: TenantId, id: string, row: TargetingRow): Promise<void> {
  const atMs = deps.now();
  // One that opens later says so itself then.
  const opened = row.opens_ms > atMs ? [] : [addEvent({ kind: EVENTS.opened, tenant, subject: id }, atMs)];
  const sized = row.governed === 1 ? await sizing(deps, tenant, row) : [];
  await deps
    .db(tenant)
    .batch([...sized, ...endTargeting(tenant, id, { after: row.targeted_to, atMs }), ...opened]);
}

/** The sizes of phases by the devices that were found, and the place of each where they have one. */
async function sizing(deps: Deps, tenant: TenantId, row: TargetingRow): Promise<Statement<number>[]> {
  const [phases, order] = await deps.db(tenant).batch([phasesOf(tenant, row.seq), orderOf(tenant, row.seq)]);
  const salt = order?.salt ?? 0;
  const places = salt === 0 ? undefined : await foundPlaces(deps, tenant, row, { ...order, salt });
  const sized = phases.map((one) => ({
    batchSize: one.batch_size,
    batchSizeDevices: one.batch_size_devices,
  }));
  const total = row.max_devices;
  return [setSizes(tenant, row.seq, placesIn(sized, { total, isDynamic: false }, { salt, places }))];
}

/** The place of each device, four bytes of memory for it. */
async function foundPlaces(
  deps: Deps,
  tenant: TenantId,
  { seq, max_devices: devices }: TargetingRow,
  { salt, canaries }: { salt: number; canaries?: string | null },
): Promise<Int32Array> {
  const first = new Set(JSON.parse(canaries ?? "[]") as string[]); // written by `addGoverning`
  const places = new Int32Array(devices);
  let at = 0;
  const add = (text: string, from: number, to: number) => {
    const isFirst = first.size > 0 && first.has(text.slice(from, to));
    places[at++] = isFirst ? CANARY : placeOfNumber(deviceNumber(text, from, to), salt);
  };
  for (let after: string | undefined = ""; after !== undefined;) {
    const chunks: TargetChunk[] = await deps.db(tenant).one(targetChunks(tenant, seq, after, CHUNKS_A_PAGE));
    for (const { ids } of chunks) eachId(ids, add);
    after = chunks.at(-1)?.first_id;
  }
  return places;
}

function groupOf(row: TargetingRow): string | undefined {
  const [group] = JSON.parse(row.group_names) as string[]; // written by `addDeployment`
  return row.scope === "group" ? group : undefined;
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
    if (left === 0 && (await deps.db(tenant).one(purgeTargets(tenant, seq))) < TARGETS_AT_ONCE) {
      await deps.db(tenant).batch(purgeRest(tenant, seq));
      return;
    }
  }
  await goOn(deps, EVENTS.deleted, tenant, id, { seq });
};
