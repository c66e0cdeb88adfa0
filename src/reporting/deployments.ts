import {
  aggregateDeviceDeployments,
  searchDeviceDeployments,
  type ReportFilter,
  type ReportRequest,
} from "../deployments/index.ts";
import type { Aggregated, Aggregation } from "../inventory/index.ts";
import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import type { DeploymentAggregation, DeploymentSearch, DeviceDeploymentShown } from "./deployment-schema.ts";
import type { AggregationTerm } from "./schema.ts";

const requestOf = (
  body: Pick<DeploymentSearch, "filters" | "device_ids" | "deployment_ids">,
): ReportRequest => ({
  filters: body.filters as ReportFilter[], // the schema allows no other operators
  deviceIds: body.device_ids,
  deploymentIds: body.deployment_ids,
});

/** One page of devices in deployments, with chosen fields only if any were chosen. */
export async function searchDeployments(
  deps: Deps,
  actor: Actor,
  body: DeploymentSearch,
): Promise<{ found: DeviceDeploymentShown[]; total: number }> {
  const sort = body.sort.map(({ attribute, order }) => ({ attribute, descending: order === "desc" }));
  const page = { page: body.page, perPage: body.per_page };
  const { found, total } = await searchDeviceDeployments(deps, actor, { ...requestOf(body), sort }, page);
  const chosen = new Set(body.attributes.map(({ attribute }) => attribute));
  return { found: chosen.size > 0 ? found.map((one) => onlyOf(one, chosen)) : found, total };
}

const onlyOf = (shown: DeviceDeploymentShown, chosen: ReadonlySet<string>): DeviceDeploymentShown => {
  const kept = Object.entries(shown).filter(([field]) => field === "id" || chosen.has(field));
  return Object.fromEntries(kept) as DeviceDeploymentShown; // some of its own fields, the id among them
};

const toAggregation = (term: AggregationTerm): Aggregation => ({
  name: term.name,
  key: term.attribute,
  limit: term.limit,
  nested: term.aggregations.map(toAggregation),
});

export const aggregateDeployments = (
  deps: Deps,
  actor: Actor,
  body: DeploymentAggregation,
): Promise<Aggregated[]> =>
  aggregateDeviceDeployments(deps, actor, requestOf(body), body.aggregations.map(toAggregation));
