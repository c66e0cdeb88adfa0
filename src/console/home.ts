import {
  deviceCountsStatement,
  limitsOfTenantsStatement,
  oldestWaitingStatement,
  TIERS,
} from "../deviceauth/index.ts";
import {
  agesOf,
  anySuccessStatement,
  deploymentObject,
  listDeploymentsStatement,
  needsAges,
  outlookOf,
  type Outlook,
} from "../deployments/index.ts";
import { openKindsStatement } from "../devicemonitor/index.ts";
import { countFailingStatement } from "../events/index.ts";
import { searchDevices, termsOf, within } from "../inventory/index.ts";
import type { LiveUser } from "../platform/actor.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { devicesFor, hasPermission } from "../platform/permissions.ts";
import { hasFeature } from "../platform/plans.ts";
import { anyArtifactStatement } from "../releases/index.ts";
import { KINDS, type Line } from "./home-line.ts";
import { seenByHour } from "./home-seen.ts";
import { limitLines } from "./home-limits.ts";
import { firstSteps } from "./first-steps.ts";
import { troubleLines } from "./home-trouble.ts";

const MOST_LINES = 8;
const RUNNING = 50;
const DAY_MS = 86_400_000;
/** A deployment that fails on more than this share of the devices that have ended it wants a look. */
const FAILING = 0.05;

type Deployment = ReturnType<typeof deploymentObject>;

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function pausedOf({
  rollout,
}: Deployment): { since?: string; reason?: string; isByRule: boolean } | undefined {
  const { paused } = (rollout?.state ?? {}) as { paused?: Record<string, unknown> }; // made by deployments
  if (!paused) return undefined;
  const [since, reason] = [textOf(paused.since), textOf(paused.reason)];
  return { ...(since && { since }), ...(reason && { reason }), isByRule: paused.user === undefined };
}

const failedShare = ({ failure, success }: Deployment["statistics"]["status"]): number =>
  failure === 0 ? 0 : failure / (failure + success);

function lineOf(one: Deployment): Line[] {
  const common = { name: one.name, href: `/deployments/${one.id}`, count: one.statistics.status.failure };
  const paused = pausedOf(one);
  if (paused)
    return [
      {
        kind: paused.isByRule ? "deployment_halted" : "deployment_paused",
        ...common,
        ...(paused.reason && { reason: paused.reason }),
        ...(paused.since && { since_ts: paused.since }),
      },
    ];
  if (failedShare(one.statistics.status) <= FAILING) return [];
  return [{ kind: "deployment_failing", ...common, since_ts: one.created }];
}

function bar(one: Deployment, outlook: Outlook) {
  const { id, name, artifact_name, statistics, max_devices, device_count } = one;
  const { status } = statistics;
  const success = status.success + status["already-installed"] + status.noartifact;
  const failure = status.failure + status.aborted;
  return {
    id,
    name,
    artifact_name,
    devices: max_devices ?? device_count,
    success,
    failure,
    ...outlook,
  };
}

async function openAlerts(deps: Deps, actor: LiveUser): Promise<Line[]> {
  if (!hasPermission(actor, "devices:read")) return [];
  if (!hasFeature(deps.settings.PLANS, actor.subscription, "monitoring")) return [];
  const terms = termsOf([{ scope: "monitor", attribute: "alerts", type: "$eq", value: true }]);
  const { total } = await searchDevices(deps, actor.tenant, within(actor, { terms }), {
    page: 1,
    perPage: 1,
  });
  return total === 0 ? [] : [{ kind: "alerts_open", count: total, href: "/devices?q=has%3Aalerts" }];
}

/** What needs somebody who may do this much, worst first, and what is under way. */
export async function showHome(deps: Deps, actor: LiveUser) {
  const { tenant } = actor;
  const none = { groups: [], ids: [] };
  const reachOf = (permission: "devices:read" | "deployments:read") =>
    hasPermission(actor, permission) ? devicesFor(actor, permission) : none;
  const [devices, reach] = [reachOf("devices:read"), reachOf("deployments:read")];
  const wanted = { tenant, status: "inprogress" as const, reach, ascending: false, nowMs: deps.now() };
  const [alerts, seen, found] = await Promise.all([
    openAlerts(deps, actor),
    devices === "all" ? seenByHour(deps, tenant) : undefined,
    deps
      .db(tenant)
      .batch([
        deviceCountsStatement(tenant, devices),
        oldestWaitingStatement(tenant),
        listDeploymentsStatement(wanted, { page: 1, perPage: RUNNING }),
        countFailingStatement(tenant),
        limitsOfTenantsStatement([tenant]),
        openKindsStatement(tenant, deps.now() - DAY_MS),
        anyArtifactStatement(tenant),
        anySuccessStatement(tenant),
      ]),
  ]);
  const [counts, oldest, running, failing, limits, kinds, hasArtifact, hasSuccess] = found;
  const shown = running.slice(0, RUNNING);
  const deployments = shown.map((row) => deploymentObject(row, deps.now()));
  const ages = shown.some(needsAges) ? await agesOf(deps, tenant) : [];
  const of = (status: string) =>
    counts.reduce((sum, one) => (one.status === status ? sum + one.devices : sum), 0);
  const pending = of("pending");
  const lines: Line[] = [
    ...deployments.flatMap(lineOf),
    ...alerts,
    ...(failing > 0 && hasPermission(actor, "settings:manage")
      ? [{ kind: "integrations_failing" as const, count: failing, href: "/integrations" }]
      : []),
    ...(devices === "all" ? limitLines(limits, counts, TIERS) : []),
    ...troubleLines(deps, actor, kinds),
    ...(pending > 0
      ? [
          {
            kind: "devices_pending" as const,
            count: pending,
            ...(devices === "all" && oldest !== undefined && { since_ts: rfc3339(oldest) }),
            href: hasPermission(actor, "devices:manage") ? "/admission" : "/devices?q=status%3Apending",
          },
        ]
      : []),
  ];
  const first = firstSteps(actor, {
    connected: counts.some((one) => one.devices > 0),
    accepted: of("accepted") > 0,
    uploaded: hasArtifact,
    deployed: hasSuccess,
  });
  const rank = ({ kind }: Line) => KINDS.indexOf(kind);
  return {
    lines: lines.toSorted((a, b) => rank(a) - rank(b)).slice(0, MOST_LINES),
    more: Math.max(0, lines.length - MOST_LINES),
    running: shown.flatMap((row, i) => {
      const one = deployments[i];
      return one && !pausedOf(one) ? [bar(one, outlookOf(row, ages, deps.now()))] : [];
    }),
    ...(seen && { seen }),
    devices: { accepted: of("accepted"), pending, rejected: of("rejected") },
    ...(first && { first }),
    at_ts: rfc3339(deps.now()),
  };
}
