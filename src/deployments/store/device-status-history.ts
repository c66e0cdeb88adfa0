import { sql, type SQL } from "drizzle-orm";
import { rankedBuckets, type BucketRow, type GroupLevel } from "../../inventory/index.ts";
import { firstRow, inJson, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { offsetOf, type Page } from "../../platform/paging.ts";
import { columnsOf, type Row, type RowOf } from "../../platform/columns.ts";
import { deploymentCountersTable, deploymentsTable, deviceDeploymentsTable } from "../tables.ts";
import { fieldOf, type Field } from "./report-fields.ts";
import { ACTIVE_STATUSES, counterColumn, STATUS_CODES, type Status } from "../status.ts";
import { effectiveStatus } from "./devices.ts";

/** Which of a tenant's deployments are looked at. */
export interface DeploymentsWanted {
  tenant: TenantId;
  /** Columns with an index, which must have one of the values. */
  keys: readonly { column: "deployment_id" | "name" | "artifact_name"; values: readonly string[] }[];
  createdFromMs: number | undefined;
  /** On the tables `d` and `c`. */
  conditions: readonly SQL[];
  statuses: readonly Status[];
}

/** A deployment with the number of its devices in the wanted statuses; `t0`, `t1`, … are texts that were asked for. */
export type SurveyedDeployment = { seq: number; devices: number } & Record<`t${number}`, string | null>;

const INDEXES = {
  deployment_id: sql.raw("INDEXED BY deployments_by_id"),
  name: sql.raw("INDEXED BY deployments_by_name"),
  artifact_name: sql.raw("INDEXED BY deployments_by_artifact"),
};

/** The deployments that must be looked at to find the wanted ones. */
function examined({ tenant, keys, createdFromMs }: DeploymentsWanted, limit: number): SQL {
  const [first] = keys;
  const named = first
    ? sql`${INDEXES[first.column]} WHERE tenant_id = ${tenant} AND ${inJson(sql.raw(first.column), first.values)}`
    : sql`WHERE tenant_id = ${tenant}`;
  // The number of a deployment is never below the time it was made.
  const since = createdFromMs === undefined ? sql`` : sql`AND seq >= ${createdFromMs}`;
  return sql`SELECT * FROM ${deploymentsTable} ${named} ${since} LIMIT ${limit}`;
}

export const countExamined = (
  wanted: DeploymentsWanted,
  limit: number,
): Statement<{ n: number } | undefined> =>
  firstRow(sql`SELECT count(*) AS n FROM (${examined(wanted, limit)})`);

const joinCounters = sql.raw(
  "CROSS JOIN deployment_counters c ON c.tenant_id = d.tenant_id AND c.seq = d.seq",
);

const countersOf = (statuses: readonly Status[]): SQL =>
  sql.raw(statuses.map((status) => `c.${counterColumn(status)}`).join(" + ") || "0");

const textColumns = (texts: readonly Field[]): SQL =>
  sql.join(
    texts.map(({ value }, i) => sql`, ${value} AS ${sql.raw(`t${i}`)}`),
    sql``,
  );

const all = (conditions: readonly SQL[]): SQL =>
  conditions.length === 0 ? sql`1` : sql.join([...conditions], sql` AND `);

/** The deployments with devices in the wanted statuses, newest first. */
export const survey = (
  wanted: DeploymentsWanted,
  texts: readonly Field[],
  limit: number,
): Statement<SurveyedDeployment[]> =>
  rows(sql`
    SELECT d.seq, ${countersOf(wanted.statuses)} AS devices ${textColumns(texts)}
    FROM (${examined(wanted, limit)}) d ${joinCounters}
    WHERE ${countersOf(wanted.statuses)} > 0 AND ${all(wanted.conditions)} ORDER BY d.seq DESC`);

const ofDevices = (tenant: TenantId, devices: readonly string[], limit: number): SQL => sql`
  SELECT dd.seq FROM json_each(${JSON.stringify(devices)}) i
  CROSS JOIN ${deviceDeploymentsTable} dd ON dd.tenant_id = ${tenant} AND dd.device_id = i.value AND dd.status > 0
  LIMIT ${limit}`;

export const countOfDevices = (
  tenant: TenantId,
  devices: readonly string[],
  limit: number,
): Statement<{ n: number } | undefined> =>
  firstRow(sql`SELECT count(*) AS n FROM (${ofDevices(tenant, devices, limit)})`);

/** The wanted deployments that some devices took part in. */
export const surveyDevices = (
  { tenant, keys, createdFromMs, conditions }: DeploymentsWanted,
  devices: readonly string[],
  texts: readonly Field[],
  limit: number,
): Statement<SurveyedDeployment[]> => {
  const named = keys.map(({ column, values }) => inJson(sql.raw(`d.${column}`), values));
  const since = createdFromMs === undefined ? [] : [sql`d.seq >= ${createdFromMs}`];
  return rows(sql`
    SELECT d.seq, 0 AS devices ${textColumns(texts)}
    FROM (SELECT DISTINCT seq FROM (${ofDevices(tenant, devices, limit)})) s
    CROSS JOIN ${deploymentsTable} d ON d.tenant_id = ${tenant} AND d.seq = s.seq ${joinCounters}
    WHERE ${all([...named, ...since, ...conditions])} ORDER BY d.seq DESC`);
};

/** Devices of some deployments. */
export interface Scope {
  tenant: TenantId;
  seqs: readonly number[];
  /** Restricts to these devices, and begins with them. */
  devices: readonly string[] | undefined;
  statuses: readonly Status[] | undefined;
  /** On the tables `d`, `c`, `dd` and `a`. */
  conditions: readonly SQL[];
}

const codesOf = (statuses: readonly Status[]): number[] => statuses.map((status) => STATUS_CODES[status]);

/** In an aborted deployment rows that are still active count as aborted, until a job has written that into them. */
function withStatus({ statuses }: Scope): SQL {
  if (!statuses) return sql``;
  const codes = codesOf(statuses);
  const stored = statuses.includes("aborted") ? [...codes, ...codesOf(ACTIVE_STATUSES)] : codes;
  return sql`AND dd.status IN (SELECT value FROM json_each(
    CASE WHEN c.aborted_ms IS NULL THEN ${JSON.stringify(codes)} ELSE ${JSON.stringify(stored)} END))`;
}

const joinArtifact = sql.raw(
  "LEFT JOIN deployment_artifacts a ON a.tenant_id = dd.tenant_id AND a.seq = dd.seq AND a.artifact_id = dd.artifact_id",
);

function source(scope: Scope): SQL {
  const { tenant, devices } = scope;
  const seqs = JSON.stringify(scope.seqs);
  if (devices)
    return sql`json_each(${JSON.stringify(devices)}) i
      CROSS JOIN ${deviceDeploymentsTable} dd ON dd.tenant_id = ${tenant} AND dd.device_id = i.value AND dd.status > 0
        AND dd.seq IN (SELECT value FROM json_each(${seqs}))
      CROSS JOIN ${deploymentsTable} d ON d.tenant_id = ${tenant} AND d.seq = dd.seq ${joinCounters} ${joinArtifact}`;
  return sql`json_each(${seqs}) s
    CROSS JOIN ${deploymentsTable} d ON d.tenant_id = ${tenant} AND d.seq = s.value ${joinCounters}
    CROSS JOIN ${deviceDeploymentsTable} dd INDEXED BY device_deployments_by_status
      ON dd.tenant_id = ${tenant} AND dd.seq = s.value AND dd.status > 0 ${withStatus(scope)}
    ${joinArtifact}`;
}

const where = ({ statuses, conditions }: Scope): SQL =>
  all([...(statuses ? [inJson(effectiveStatus, codesOf(statuses))] : []), ...conditions]);

export interface ReportSort {
  field: Field;
  descending: boolean;
}

const sorted = (sort: readonly ReportSort[]): SQL =>
  sql.join(
    [
      ...sort.map(
        ({ field: { value }, descending }) =>
          sql`${value} IS NULL, ${value} ${sql.raw(descending ? "DESC" : "ASC")}`,
      ),
      sql`dd.seq DESC, dd.device_id`,
    ],
    sql`, `,
  );

const ofDevice = columnsOf(
  deviceDeploymentsTable,
  "tenant_id, device_id, has_log, attempts, finished_ms, deleted_ms",
  "dd",
);
const ofDeployment = columnsOf(
  deploymentsTable,
  "deployment_id, name, artifact_name, kind, scope, created_ms, force_installation, group_names, phases, retries",
  "d",
);

export type ReportedDeviceRow = RowOf<typeof ofDevice> &
  RowOf<typeof ofDeployment> &
  Row<typeof deviceDeploymentsTable, "status"> &
  Row<typeof deploymentCountersTable, "max_devices"> & { image: string | null };

/** Without a sort the devices come by deployment, newest first, then by status and id: the order of the index. */
export function reportPage(
  scope: Scope,
  sort: readonly ReportSort[],
  page: Page,
): Statement<ReportedDeviceRow[]> {
  const order = sort.length > 0 || scope.devices ? sql`ORDER BY ${sorted(sort)}` : sql``;
  return rows(sql`
    SELECT ${ofDevice}, ${ofDeployment}, c.max_devices, ${effectiveStatus} AS status, a.image
    FROM ${source(scope)} WHERE ${where(scope)} ${order} LIMIT ${page.perPage} OFFSET ${offsetOf(page)}`);
}

export const reportTotal = (scope: Scope): Statement<{ n: number } | undefined> =>
  firstRow(sql`SELECT count(*) AS n FROM ${source(scope)} WHERE ${where(scope)}`);

/** The different texts of a field. */
export const distinctTexts = (scope: Scope, field: Field, limit: number): Statement<{ text: string }[]> => {
  const { from, value } = grouping(field, 0);
  return rows(sql`
    SELECT DISTINCT ${value} AS text FROM ${source(scope)} ${from}
    WHERE ${where(scope)} AND ${value} IS NOT NULL LIMIT ${limit}`);
};

/** A field to group by: of a list, each member. */
function grouping({ type, value }: Field, i: number): { from: SQL; value: SQL } {
  if (type !== "list") return { from: sql``, value };
  const member = sql.raw(`m${i}`);
  return { from: sql`CROSS JOIN json_each(${value}) ${member}`, value: sql`${member}.value` };
}

const perStatus = (statuses: readonly Status[]): SQL =>
  sql.raw(statuses.map((status) => `WHEN '${status}' THEN c.${counterColumn(status)}`).join(" "));

/** How many devices have each combination of texts, counted row by row or taken from the deployments' counters. */
function grouped(
  scope: Scope,
  statuses: readonly Status[],
  levels: readonly GroupLevel[],
  byCounters: boolean,
): SQL {
  const groups = levels.map(({ key, only }, i) => {
    const field = byCounters && key === "device_status" ? STATUS_WORD : fieldOf(key);
    return { ...grouping(field, i), only };
  });
  const values = sql.join(
    groups.map(({ value }, i) => sql`${value} AS ${sql.raw(`v${i}`)}`),
    sql`, `,
  );
  const members = sql.join(
    groups.map(({ from }) => from),
    sql` `,
  );
  const conditions = groups.flatMap(({ value, only }) => [
    sql`${value} IS NOT NULL`,
    ...(only ? [inJson(value, only)] : []),
  ]);
  const by = sql.raw(levels.map((_, i) => `v${i}`).join(", "));
  if (!byCounters)
    return sql`
      SELECT ${values}, count(*) AS devices FROM ${source(scope)} ${members}
      WHERE ${all([where(scope), ...conditions])} GROUP BY ${by}`;
  const counted = sql`CASE w.value ${perStatus(statuses)} END`;
  return sql`
    SELECT ${values}, sum(${counted}) AS devices FROM json_each(${JSON.stringify(scope.seqs)}) s
    CROSS JOIN ${deploymentsTable} d ON d.tenant_id = ${scope.tenant} AND d.seq = s.value ${joinCounters}
    CROSS JOIN json_each(${JSON.stringify(statuses)}) w ${members}
    WHERE ${counted} > 0 AND ${all(conditions)} GROUP BY ${by}`;
}

const STATUS_WORD: Field = { level: "status", type: "text", value: sql.raw("w.value") };

export const reportBuckets = (
  scope: Scope,
  statuses: readonly Status[],
  group: { levels: readonly GroupLevel[]; limit: number; byCounters: boolean },
): Statement<BucketRow[]> =>
  rankedBuckets(grouped(scope, statuses, group.levels, group.byCounters), group.levels.length, group.limit);
