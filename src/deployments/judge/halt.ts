import { addAuditIfChanged } from "../../platform/audit.ts";
import type { Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { addEventIfChanged } from "../../platform/outbox.ts";
import { auditedDeployment } from "../audit-object.ts";
import { EVENTS } from "../events.ts";
import { pause } from "../store/steering.ts";
import { ALERTS, FAILURES, SILENCE } from "./schema.ts";

const FOUND: Readonly<Record<string, string>> = {
  [FAILURES]: "updates fail more often than usual",
  [SILENCE]: "updated devices fall silent more often than others",
  [ALERTS]: "updated devices raise alerts more often than others",
};

/** What the judge found, by what it measured. */
export const foundBy = (measure: string): string =>
  FOUND[measure] ?? `updated devices tell worse numbers than others of ${measure}`;

/** What a stop rule does. */
export function halt(
  row: { tenant_id: TenantId; deployment_id: string; name: string; artifact_name: string },
  measure: string,
  atMs: number,
): Statement<unknown>[] {
  const { tenant_id: tenant, deployment_id: id } = row;
  const entry = {
    action: "update",
    object: auditedDeployment(id, row),
    change: `paused by the judge: ${foundBy(measure)}`,
  };
  return [
    pause(tenant, id, { judge: measure }, atMs),
    addAuditIfChanged({ kind: "system", tenant }, entry, atMs),
    addEventIfChanged({ kind: EVENTS.stopped, tenant, subject: id, data: { judge: measure } }, atMs),
  ];
}
