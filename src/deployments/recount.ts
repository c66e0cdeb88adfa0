import type { Database, Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { STATUS_CODES, STATUSES } from "./status.ts";
import { addToBudgets, countStretch, emptyBudgets, setCounted, type Stretch } from "./store/recounting.ts";

/** Devices that one statement counts; others have their turn between it and the next. */
const COUNTED_AT_ONCE = 10_000;

/** How far the devices of a deployment are counted again. */
export interface Recount {
  seq: number;
  after: Stretch["after"];
  /** Devices in each of the statuses, in their order. */
  devices: number[];
}

export const beginRecount = (seq: number): Recount => ({
  seq,
  after: { status: 0, device: "" },
  devices: STATUSES.map(() => 0),
});

/**
 * Counts a stretch of the devices, and those that share a budget. The statements take effect in the batch that writes down how
 * far it is, so that none is counted twice; nothing is left to do where no place is answered.
 */
export async function recountSome(
  db: Database,
  tenant: TenantId,
  recount: Recount,
  size = COUNTED_AT_ONCE,
): Promise<{ statements: Statement<number>[]; next: Recount | undefined }> {
  const { seq, after } = recount;
  const stretch = { after, size };
  const found = await db.one(countStretch(tenant, seq, stretch));
  const inStatus = new Map(found.map(({ status, devices }) => [status, devices]));
  const devices = STATUSES.map(
    (status, i) => (recount.devices[i] ?? 0) + (inStatus.get(STATUS_CODES[status]) ?? 0),
  );
  const last = found.at(-1);
  const isWhole = found.reduce((sum, one) => sum + one.devices, 0) < size;
  const statements = [
    ...(after.status === 0 ? [emptyBudgets(tenant, seq)] : []),
    addToBudgets(tenant, seq, stretch),
  ];
  if (isWhole || !last)
    return { statements: [...statements, setCounted(tenant, seq, devices)], next: undefined };
  return { statements, next: { seq, after: { status: last.status, device: last.last }, devices } };
}
