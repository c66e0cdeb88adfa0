import type { GovernedPhase } from "../rollout/govern.ts";
import type { Rollout } from "../rollout/rollout-schema.ts";
import type { Preview } from "./schema.ts";

type Stop = Preview["stops"][number];
type StopRule = NonNullable<Rollout["stop"]>[number];

const ruleText = ({ percent, devices, results, kinds, device_types, per_type }: StopRule): string =>
  [
    percent === undefined
      ? `${devices} devices failed`
      : `more than ${percent} % of the results are failures`,
    ...(kinds ? [`in ${kinds.join(", ")}`] : []),
    ...(device_types ? [`on ${device_types.join(", ")}`] : []),
    ...(per_type ? ["for each device type"] : []),
    ...(results > 1 ? [`with at least ${results} results`] : []),
  ].join(", ");

/** What will stop a rollout or hold it up, and gates that nobody would ever open. */
export function stopsOf(
  rollout: Rollout | undefined,
  phases: readonly GovernedPhase[],
  gets: readonly number[],
): Stop[] {
  const then = rollout?.on_stop?.action ?? "pause";
  const rules = (rollout?.stop ?? []).map((rule) => ({
    kind: "rule",
    description: `${then}: ${ruleText(rule)}`,
  }));
  const judge = rollout?.judge
    ? [{ kind: "judge", description: `${then}: updates fail more often than usual` }]
    : [];
  return [...rules, ...judge, ...phases.flatMap((phase, i) => gateStops(phase, i, gets))];
}

function gateStops({ gate }: GovernedPhase, i: number, gets: readonly number[]): Stop[] {
  const phase = i + 1;
  const approvals = gate?.approvals ?? 0;
  const { results = 0, percent = 0 } = gate?.success ?? {};
  const before = gets[i - 1] ?? 0;
  return [
    ...(approvals > 0
      ? [{ kind: "approval", phase, description: `phase ${phase} waits for ${approvals} people` }]
      : []),
    ...(results > 0
      ? [
          {
            kind: "gate",
            phase,
            description: `phase ${phase} waits for ${results} results, ${percent} % of them good`,
          },
        ]
      : []),
    ...(results > before
      ? [
          {
            kind: "hopeless_gate",
            phase,
            description: `phase ${phase} waits for ${results} results, and ${before} devices of the phase before are likely to tell one`,
          },
        ]
      : []),
  ];
}
