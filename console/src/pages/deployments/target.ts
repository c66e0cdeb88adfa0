import { api } from "../../api/client.ts";
import { listed } from "../../api/listed.ts";
import { useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { bodyOfDraft, idsOf, type Draft } from "./draft.ts";

type Predicate = components["schemas"]["FilterPredicate"];

const ACCEPTED: Predicate = { scope: "identity", attribute: "status", type: "$eq", value: "accepted" };

/** What finds the same devices in a search. */
function filtersOf(draft: Draft, terms: readonly unknown[]): Predicate[] {
  if (draft.who === "group")
    return [ACCEPTED, { scope: "system", attribute: "group", type: "$eq", value: draft.group }];
  // Saved filters have the terms that a search has.
  if (draft.who === "filter") return [ACCEPTED, ...(terms as Predicate[])];
  return [ACCEPTED];
}

/** How many devices it is for. */
export function useTarget(draft: Draft, terms: readonly unknown[]) {
  const { who, group, filter } = draft;
  const isKnown = who === "all" || (who === "group" && group !== "") || (who === "filter" && filter !== "");
  const found = useResource(isKnown ? `target/${who}/${group}/${filter}` : undefined, async (signal) =>
    listed(
      await api.POST("/api/management/v2/inventory/filters/search", {
        body: { page: 1, per_page: 1, filters: filtersOf(draft, terms) },
        signal,
      }),
    ),
  );
  const total = who === "list" ? idsOf(draft.devices).length : found.data?.total;
  return total;
}

/** The same in one body, as a preview takes it; undefined while there is not enough to tell. */
export function previewBody(draft: Draft, total: number | undefined) {
  if (draft.release === "") return undefined;
  const body = bodyOfDraft(draft, total, Date.now());
  const ids = idsOf(draft.devices);
  if (draft.who === "all") return { ...body, all_devices: true };
  if (draft.who === "group") return draft.group ? { ...body, group: draft.group } : undefined;
  if (draft.who === "filter") return draft.filter ? { ...body, filter_id: draft.filter } : undefined;
  return ids.length > 0 ? { ...body, devices: ids } : undefined;
}

/** Makes the deployment; the answer says where it is. */
export async function createDeployment(draft: Draft, total: number | undefined): Promise<Response> {
  const body = bodyOfDraft(draft, total, Date.now());
  const path = "/api/management/v1/deployments/deployments";
  switch (draft.who) {
    case "all":
      return (await api.POST(path, { body: { ...body, all_devices: true } })).response;
    case "list":
      return (await api.POST(path, { body: { ...body, devices: idsOf(draft.devices) } })).response;
    case "group":
      return (await api.POST(`${path}/group/{name}`, { params: { path: { name: draft.group } }, body }))
        .response;
    case "filter":
      return (
        await api.POST("/api/management/v2/deployments/deployments", {
          body: { ...body, filter_id: draft.filter },
        })
      ).response;
  }
}
