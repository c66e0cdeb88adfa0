import { groupInto, noBuckets, type Aggregated, type Aggregation } from "../inventory/index.ts";
import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import type { Page } from "../platform/paging.ts";
import { deviceDeployment, type DeviceDeployment } from "./analytics/document.ts";
import { fieldOf } from "./store/report-fields.ts";
import { findScope, requireFew, type ReportRequest } from "./analytics/scope.ts";
import { reportBuckets, reportPage, reportTotal } from "./store/device-status-history.ts";

/** One page of devices in deployments, with the number of all. */
export async function searchDeviceDeployments(
  deps: Deps,
  actor: Actor,
  request: ReportRequest & { sort: readonly { attribute: string; descending: boolean }[] },
  page: Page,
): Promise<{ found: DeviceDeployment[]; total: number }> {
  const what = await findScope(deps, actor, request);
  const { scope, isCounted, devices } = what;
  if (scope.seqs.length === 0) return { found: [], total: 0 };
  if (!isCounted || request.sort.length > 0) requireFew(what);
  const sort = request.sort.map(({ attribute, descending }) => ({ field: fieldOf(attribute), descending }));
  const [rows, counted] = await deps
    .db(actor.tenant)
    .batch([reportPage(scope, sort, page), ...(isCounted ? [] : [reportTotal(scope)])]);
  return { found: rows.map(deviceDeployment), total: counted?.n ?? devices };
}

/** Levels of a grouping by fields of single devices are counted row by row. */
const needsRows = ({ key, nested }: Aggregation): boolean =>
  fieldOf(key).level === "device" || nested.some(needsRows);

const isText = (key: string): boolean => ["text", "list"].includes(fieldOf(key).type);

/** How many devices in deployments have each value; only of texts, as in the original. */
export async function aggregateDeviceDeployments(
  deps: Deps,
  actor: Actor,
  request: ReportRequest,
  aggregations: readonly Aggregation[],
): Promise<Aggregated[]> {
  const what = await findScope(deps, actor, request);
  const { scope, statuses } = what;
  if (scope.seqs.length === 0) return noBuckets(aggregations);
  const byCounters = what.isCounted && !aggregations.some(needsRows);
  if (!byCounters) requireFew(what);
  return groupInto(aggregations, async (groups) => {
    const countable = groups.filter(({ levels }) => isText(levels.at(-1)?.key ?? ""));
    const counted = await deps
      .db(actor.tenant)
      .batch(countable.map((group) => reportBuckets(scope, statuses, { ...group, byCounters })));
    return groups.map((group) => counted[countable.indexOf(group)] ?? []);
  });
}
