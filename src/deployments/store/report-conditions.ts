import { sql, type SQL } from "drizzle-orm";
import { devicesInReach } from "../../devices/index.ts";
import type { TenantId } from "../../platform/ids.ts";
import type { DeviceReach } from "../../platform/reach.ts";
import type { Comparison, FieldTerm, Scalar } from "../analytics/terms.ts";
import { deploymentsInReach } from "./reach.ts";
import type { Field } from "./report-fields.ts";

const COMPARISONS: Record<Comparison, SQL> = {
  $gt: sql.raw(">"),
  $gte: sql.raw(">="),
  $lt: sql.raw("<"),
  $lte: sql.raw("<="),
};

const among = (value: SQL, values: readonly Scalar[]) =>
  sql`${value} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;

const ofScalar = (value: SQL, term: Exclude<FieldTerm, { kind: "exists" | "regex" }>): SQL =>
  term.kind === "any"
    ? among(value, term.values)
    : sql`${value} ${COMPARISONS[term.comparison]} ${term.bound}`;

/** A condition in SQL. Expressions must have been replaced by the values that they match. */
export function onField({ type, value }: Field, term: Exclude<FieldTerm, { kind: "regex" }>): SQL {
  if (term.kind === "exists") {
    const exists = type === "list" ? sql`json_array_length(${value}) > 0` : sql`${value} IS NOT NULL`;
    return term.negated ? sql`NOT coalesce(${exists}, 0)` : exists;
  }
  const holds =
    type === "list"
      ? sql`EXISTS (SELECT 1 FROM json_each(${value}) member WHERE ${ofScalar(sql.raw("member.value"), term)})`
      : ofScalar(value, term);
  return term.kind === "any" && term.negated ? sql`NOT coalesce(${holds}, 0)` : holds;
}

/** On the tables of a report: deployments, and devices in them, that are within reach. */
export const reportedDeployments = (tenant: TenantId, reach: DeviceReach): SQL =>
  deploymentsInReach(tenant, sql`d`, reach);

export const reportedDevices = (tenant: TenantId, reach: DeviceReach): SQL =>
  devicesInReach(tenant, sql`dd.device_id`, reach);
