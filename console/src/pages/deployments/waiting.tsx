import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { count, counted, plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { countsOf, DEPLOYMENT, type Deployment } from "./model.ts";

type Group = components["schemas"]["DeploymentWaiting"]["groups"][number];

const REASONS: Record<Group["reason"], string> = {
  targets_being_looked_up: "whose place is still being looked up",
  paused: "because a person paused it",
  stopped_by_rule: "because a stop rule paused it",
  judged: "because the judge paused it",
  not_started: "because it has not started",
  phase_not_open: "for a later phase",
  waits_for_results: "for the results of the phase before",
  waits_for_approval: "for an approval",
  window_closed: "for the window to open",
  at_once_full: "because as many are at it as may be",
  pace_spent: "because as many as may have begun in this minute",
  budget_full: "because the budget of their value is full",
  not_seen_since: "and have not asked since it is open",
};

function detailOf({ needs, has, values = [] }: Group): string {
  const told = [
    needs?.results !== undefined && `${count(has?.results ?? 0)} of ${count(needs.results)} results`,
    needs?.percent !== undefined && `${needs.percent} % of them good`,
    needs?.approvals !== undefined && `${has?.approvals ?? 0} of ${needs.approvals} approvals`,
    values.length > 0 && values.map(({ value }) => plain(value)).join(", "),
  ].filter((part) => part !== false);
  return told.length > 0 ? `: ${told.join(", ")}` : "";
}

/** Those who have not begun, by what keeps them. */
export function Waiting({ deployment }: { deployment: Deployment }) {
  const { id, status } = deployment;
  const isOpen = status !== "finished" && countsOf(deployment).waiting > 0;
  const waiting = useResource(isOpen ? `deployment/${id}/waiting` : undefined, async (signal) =>
    bodyOf(await api.GET(`${DEPLOYMENT}/waiting`, { params: { path: { id } }, signal })),
  );
  if (!isOpen) return null;
  return (
    <section class="sheet padded stack">
      <h2>Why not yet</h2>
      <Loaded of={waiting} again={() => refresh(`deployment/${id}/waiting`)}>
        {({ groups }) => (
          <ul class="stack">
            {groups.map((group) => (
              <li key={`${group.reason} ${group.phase ?? ""}`}>
                <strong>{group.devices === undefined ? "Some" : counted(group.devices, "device")}</strong>{" "}
                {group.reason === "not_seen_since" || group.reason === "targets_being_looked_up"
                  ? ""
                  : "wait "}
                {REASONS[group.reason]}
                {detailOf(group)}
                {group.until && (
                  <>
                    {", until "}
                    <When at={group.until} />
                  </>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </section>
  );
}
