import type { SQL } from "drizzle-orm";
import { expressionBudget, requireShortList, withPlace } from "../../inventory/index.ts";
import type { Actor } from "../../platform/actor.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { TenantId } from "../../platform/ids.ts";
import { devicesFor } from "../../platform/permissions.ts";
import type { DeviceReach } from "../../platform/reach.ts";
import type { StepBudget } from "../../platform/step-budget.ts";
import { STATUSES, type Status } from "../status.ts";
import {
  countExamined,
  countOfDevices,
  distinctTexts,
  survey,
  surveyDevices,
  type DeploymentsWanted,
  type Scope,
  type SurveyedDeployment,
} from "../store/device-status-history.ts";
import { onField, reportedDeployments, reportedDevices } from "../store/report-conditions.ts";
import { fieldOf, type Field } from "../store/report-fields.ts";
import { fieldTerm, holdsFor, type FieldTerm, type ReportFilter } from "./terms.ts";

/** Deployments of which the wanted ones are found by looking at each. */
const MAX_DEPLOYMENTS = 10_000;
/** Devices of deployments that are looked at one by one. */
const MAX_DEVICES = 100_000;
/** Different texts that an expression is tried on. */
const MAX_TEXTS = 20_000;

const HINT = "narrow it by deployment_ids, device_ids or deployment_created";

const tooMany = (what: string, limit: number) =>
  new Fault("bad_request", `malformed request body: more than ${limit} ${what} to look at: ${HINT}`);

export interface ReportRequest {
  filters: readonly ReportFilter[];
  deploymentIds: readonly string[];
  deviceIds: readonly string[];
}

interface Condition {
  field: Field;
  attribute: string;
  term: FieldTerm;
}

/** What is asked for, and how many devices that concerns as far as the deployments' counters tell. */
export interface Found {
  scope: Scope;
  statuses: readonly Status[];
  /** True if the scope is made of whole deployments and statuses, whose devices are counted already. */
  isCounted: boolean;
  devices: number;
}

type AnyTerm = Extract<FieldTerm, { kind: "any" }>;

/** The texts that a field must be one of, if it must. */
function required(conditions: readonly Condition[], attribute: string): readonly string[] | undefined {
  const lists = conditions
    .filter((condition) => condition.attribute === attribute)
    .flatMap(({ term }) => (term.kind === "any" && !term.negated ? [term.values.map(String)] : []));
  return lists.length > 0 ? lists.reduce(common) : undefined;
}

const common = (some: readonly string[], others: readonly string[]): string[] => {
  const known = new Set(others);
  return some.filter((one) => known.has(one));
};

const restricted = (ids: readonly string[], by: readonly string[] | undefined) =>
  ids.length === 0 ? by : by ? common(ids, by) : ids;

function createdFrom(conditions: readonly Condition[]): number | undefined {
  const bounds = conditions.flatMap(({ field, term }) =>
    field.type === "time" &&
    field.level === "deployment" &&
    term.kind === "range" &&
    term.comparison.startsWith("$g")
      ? [Number(term.bound)]
      : [],
  );
  return bounds.length > 0 ? Math.max(...bounds) : undefined;
}

function deploymentsWanted(
  tenant: TenantId,
  conditions: readonly Condition[],
  ids: readonly string[] | undefined,
  statuses: readonly Status[],
): DeploymentsWanted {
  const named = (column: "name" | "artifact_name", attribute: string) => {
    const values = required(conditions, attribute);
    return values ? [{ column, values }] : [];
  };
  return {
    tenant,
    keys: [
      ...(ids ? [{ column: "deployment_id" as const, values: ids }] : []),
      ...named("name", "deployment_name"),
      ...named("artifact_name", "deployment_artifact_name"),
    ],
    createdFromMs: createdFrom(conditions),
    conditions: sqlOf(conditions),
    statuses,
  };
}

const sqlOf = (conditions: readonly Condition[]): SQL[] =>
  conditions.flatMap(({ field, term }) => (term.kind === "regex" ? [] : [onField(field, term)]));

const isExpression = (condition: Condition) => condition.term.kind === "regex";

/** What is refused is told with the condition that it is about. */
function placed<T>(i: number, { attribute, type }: ReportFilter, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new Fault("bad_request", withPlace(cause.publicMessage, `filters[${i}]: ${attribute} ${type}`));
  }
}

/** Of those within reach: to see a device in a deployment one has to see both. */
const within = (wanted: DeploymentsWanted, reach: DeviceReach): DeploymentsWanted =>
  reach === "all"
    ? wanted
    : {
        ...wanted,
        conditions: [...wanted.conditions, reportedDeployments(wanted.tenant, reach)],
      };

const reachedDevices = (tenant: TenantId, reach: DeviceReach): SQL[] =>
  reach === "all" ? [] : [reportedDevices(tenant, reach)];

/** Finds the deployments concerned: one round trip, one more for expressions on fields of devices. */
export async function findScope(deps: Deps, actor: Actor, request: ReportRequest): Promise<Found> {
  const { tenant } = actor;
  const reach = devicesFor(actor, "deployments:read");
  const conditions = request.filters.map((filter, i) => {
    const field = fieldOf(filter.attribute);
    return { field, attribute: filter.attribute, term: placed(i, filter, () => fieldTerm(field, filter)) };
  });
  const of = (level: Field["level"]) => conditions.filter(({ field }) => field.level === level);
  const budget = expressionBudget();
  const spend = (steps: number) => budget.spend(steps);
  const statuses = STATUSES.filter((status) =>
    of("status").every(({ term }) => holdsFor(status, term, spend)),
  );
  const devices = restricted(request.deviceIds, required(conditions, "device_id"));
  const ids = restricted(request.deploymentIds, required(conditions, "deployment_id"));
  const wanted = within(deploymentsWanted(tenant, of("deployment"), ids, statuses), reach);
  const expressions = of("deployment").filter(isExpression);
  const surveyed = await surveyOf(deps, wanted, devices, expressions, budget);
  const scope: Scope = {
    tenant,
    seqs: surveyed.map(({ seq }) => seq),
    devices,
    statuses: statuses.length < STATUSES.length ? statuses : undefined,
    conditions: [...sqlOf(of("device")), ...reachedDevices(tenant, reach)],
  };
  const isCounted = !devices && of("device").length === 0 && reach === "all";
  const found = { scope, statuses, isCounted, devices: surveyed.reduce((sum, one) => sum + one.devices, 0) };
  const open = of("device").filter(isExpression);
  return open.length > 0 ? resolved(deps, found, open, budget) : found;
}

async function surveyOf(
  deps: Deps,
  wanted: DeploymentsWanted,
  devices: readonly string[] | undefined,
  expressions: readonly Condition[],
  budget: StepBudget,
): Promise<SurveyedDeployment[]> {
  const texts = expressions.map(({ field }) => field);
  const [examined, found] = await deps
    .db(wanted.tenant)
    .batch(
      devices
        ? [
            countOfDevices(wanted.tenant, devices, MAX_DEVICES + 1),
            surveyDevices(wanted, devices, texts, MAX_DEVICES),
          ]
        : [countExamined(wanted, MAX_DEPLOYMENTS + 1), survey(wanted, texts, MAX_DEPLOYMENTS)],
    );
  const limit = devices ? MAX_DEVICES : MAX_DEPLOYMENTS;
  if ((examined?.n ?? 0) > limit) throw tooMany(devices ? "device deployments" : "deployments", limit);
  return found.filter((row) =>
    expressions.every(({ field, term }, i) => {
      const text = row[`t${i}`] ?? null;
      const members = text !== null && field.type === "list" ? (JSON.parse(text) as string[]) : [text ?? ""];
      return text !== null && members.some((member) => matches(member, term, budget));
    }),
  );
}

const matches = (text: string, term: FieldTerm, budget: StepBudget): boolean =>
  term.kind === "regex" && term.regex.test(text, (steps) => budget.spend(steps));

/** Refuses what would look at too many devices one by one. */
export function requireFew({ scope, devices }: Found): void {
  if (!scope.devices && devices > MAX_DEVICES) throw tooMany("device deployments", MAX_DEVICES);
}

/** Replaces expressions on fields of devices by the texts in use that they match. */
async function resolved(
  deps: Deps,
  found: Found,
  open: readonly Condition[],
  budget: StepBudget,
): Promise<Found> {
  requireFew(found);
  const { scope } = found;
  const texts = await deps
    .db(scope.tenant)
    .batch(open.map(({ field }) => distinctTexts(scope, field, MAX_TEXTS + 1)));
  const conditions = open.map(({ field, term }, i) => {
    const known = texts[i] ?? [];
    if (known.length > MAX_TEXTS) throw tooMany("different values", MAX_TEXTS);
    const values = known.map(({ text }) => text).filter((text) => matches(text, term, budget));
    requireShortList(values);
    return onField(field, { kind: "any", values, negated: false } satisfies AnyTerm);
  });
  return { ...found, scope: { ...scope, conditions: [...scope.conditions, ...conditions] } };
}
