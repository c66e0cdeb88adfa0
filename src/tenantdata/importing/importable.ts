import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { asTenantId, DEFAULT_TENANT } from "../../platform/ids.ts";
import { requireKnownState } from "../schema-state.ts";
import { entriesOf } from "./archive-cursor.ts";
import { headerIn } from "./check-archive.ts";
import { demandUnusedStatements, usedReason } from "./default-store.ts";
import { ImportFault } from "./import-fault.ts";
import { isTenantStatement } from "./import-store.ts";
import { tenantIsHere } from "./import-steps.ts";

/** What the first part of an archive says of it; refused unless it can be brought in here. */
export async function requireImportable(deps: Deps, bytes: Uint8Array, parts: number): Promise<void> {
  try {
    const header = headerIn(entriesOf(bytes, 0, parts)[0]);
    requireKnownState(header);
    if (header.tenant === DEFAULT_TENANT) await deps.directory.batch(demandUnusedStatements("directory"));
    else if (await deps.directory.one(isTenantStatement(asTenantId(header.tenant))))
      throw new Fault("conflict", tenantIsHere(header.tenant));
  } catch (cause) {
    const used = usedReason(cause);
    if (used !== undefined) throw new Fault("conflict", used, { cause });
    throw cause instanceof ImportFault ? new Fault("unprocessable", cause.message, { cause }) : cause;
  }
}
