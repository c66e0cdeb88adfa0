import type { Statement } from "../../platform/database.ts";
import { asDeviceId } from "../../platform/ids.ts";
import type { Subject } from "../journal/subjects.ts";
import type { Value } from "../rows-store.ts";
import { removeRowsStatement } from "./rows-by-key-store.ts";
import { tallied, toldMore } from "./restore-position.ts";
import type { Restoring } from "./restoring.ts";
import { deploymentIdsStatement, openAmongStatement, unknownPageStatement } from "./staging-store.ts";
import { REMOVE_ORDER } from "./subjects.ts";

/** Deployments of these numbers that have not ended. */
async function openDeployments({ db, tenant }: Restoring, keys: readonly Value[][]): Promise<string[]> {
  const seqs = keys.map(([seq]) => Number(seq));
  const open = await db.one(openAmongStatement(tenant, seqs));
  return open.length === 0 ? [] : db.one(deploymentIdsStatement(tenant, open));
}

const removal = (
  tenant: Restoring["tenant"],
  { key }: Subject,
  table: string,
  keys: readonly Value[][],
): Statement<number> => removeRowsStatement(tenant, table, key, keys);

/** Looks through a page of what there is for what was not there, and removes it if that is wanted. */
export async function removePage(restoring: Restoring, isWriting: boolean): Promise<boolean> {
  const { tenant, db } = restoring;
  const { walk } = restoring.position;
  const subject = REMOVE_ORDER[walk.subject];
  if (!subject) return false;
  // What is a part of another table's rows comes after that.
  const table = subject.tables.toReversed()[walk.table]?.name;
  if (table === undefined) {
    restoring.go({ subject: walk.subject + 1, table: 0, after: null });
    return true;
  }
  const { unknown, rows, last } = await db.one(unknownPageStatement(tenant, subject, table, walk.after));
  let { changes } = restoring.position;
  if (unknown.length > 0 && table === "deployments") {
    const ended = await openDeployments(restoring, unknown);
    changes = { ...changes, deploymentsEnded: toldMore(changes.deploymentsEnded, ended) };
  }
  restoring.position = { ...restoring.position, changes: tallied(changes, table, { removed: rows }) };
  restoring.go(last ? { after: last } : { table: walk.table + 1, after: null });
  const devices = table === "inventory_devices" ? unknown.map(([id]) => asDeviceId(String(id))) : [];
  if (isWriting && unknown.length > 0)
    await restoring.write([removal(tenant, subject, table, unknown)], devices);
  return true;
}
