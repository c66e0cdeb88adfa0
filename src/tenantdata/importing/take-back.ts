import { headOf } from "../../checkin/index.ts";
import type { Database } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { FIRST_HOME } from "../../platform/homes.ts";
import { STORAGE } from "../../platform/limits.ts";
import type { TenantId } from "../../platform/ids.ts";
import { isUnknownMultipart } from "../../storage/index.ts";
import { foldersOf, isIn } from "../objects.ts";
import { removals, removeCopyStatements } from "../removal-store.ts";
import { removeRows } from "../remove-rows.ts";
import type { Holding } from "../tenant-tables.ts";
import type { ImportPosition } from "./import-position.ts";
import type { Advance, ImportRow } from "./import-store.ts";

/** Batches and listings of one step. */
const ROUNDS = 20;

async function endUpload({ bucket }: Deps, key: string, multipart: string): Promise<void> {
  await bucket
    .resumeMultipartUpload(key, multipart)
    .abort()
    .catch((cause: unknown) => {
      if (!isUnknownMultipart(cause)) throw cause;
    });
}

/** The archive, if it was sent for this import. */
export async function drop(deps: Deps, row: ImportRow): Promise<void> {
  if (row.is_sent === 0) return;
  if (row.multipart_id !== null) await endUpload(deps, row.archive, row.multipart_id);
  await deps.bucket.delete(row.archive);
}

async function removeFrom(database: Database, tenant: TenantId, of: Holding): Promise<boolean> {
  const removed = await removeRows(removals(tenant, of), ROUNDS, (statements) => database.batch(statements));
  return removed.gone;
}

/** Files of the tenant, of which there were none before the import. */
async function removeFiles({ bucket }: Deps, tenant: TenantId): Promise<boolean> {
  for (const prefix of foldersOf(tenant)) {
    let startAfter: string | undefined;
    for (let round = 0; ; round++) {
      if (round === ROUNDS) return false;
      const listed = await bucket.list({
        prefix,
        limit: STORAGE.keysAtOnce,
        ...(startAfter !== undefined && { startAfter }),
      });
      const own = listed.objects.map(({ key }) => key).filter((key) => isIn(prefix, key));
      if (own.length > 0) await bucket.delete(own);
      if (!listed.truncated) break;
      startAfter = listed.objects.at(-1)?.key;
    }
  }
  return true;
}

/** Takes back what was written, and nothing else: there was nothing of the tenant when writing began. */
export async function clear(
  deps: Deps,
  row: ImportRow,
  { tenant, home }: { tenant: TenantId; home: Database },
  { cut, found }: ImportPosition,
): Promise<Advance> {
  if (cut) await endUpload(deps, cut.key, cut.multipart);
  const isOneDatabase = row.home === FIRST_HOME;
  const areRowsGone = isOneDatabase
    ? await removeFrom(deps.directory, tenant, "everything")
    : (await removeFrom(home, tenant, "home")) && (await removeFrom(deps.directory, tenant, "directory"));
  if (!areRowsGone) return { step: "clearing" };
  if (!isOneDatabase) await home.batch(removeCopyStatements(tenant));
  if (found.header?.objects === "included" && !(await removeFiles(deps, tenant))) return { step: "clearing" };
  await headOf(deps.heads, tenant).forget();
  return { step: "dropping" };
}
