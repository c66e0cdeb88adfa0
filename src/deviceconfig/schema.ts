import { z } from "@hono/zod-openapi";
import { verbatim } from "../platform/wire.ts";

const MAX_KEYS = 100;
const MAX_BYTES = 4096;
const TOO_MANY = `too many configuration attributes, maximum is ${MAX_KEYS}.`;

const bytes = (text: string) => new TextEncoder().encode(text).byteLength;

/** The type names that clients of the original see. */
const typeName = (value: unknown): string => {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  return typeof value === "number" ? "float64" : "bool";
};

function findProblem(entries: [string, unknown][]): string | undefined {
  for (const [key, value] of entries) {
    if (key === "") return "key: cannot be blank.";
    if (bytes(key) > MAX_BYTES) return `key: the length must be between 1 and ${MAX_BYTES}.`;
    if (typeof value !== "string") return `value: invalid type: ${typeName(value)}.`;
    if (bytes(value) > MAX_BYTES) return `value: the length must be no more than ${MAX_BYTES}.`;
  }
  return entries.length > MAX_KEYS ? TOO_MANY : undefined;
}

/** A flat object of strings (protocol notes, deviceconfig 1). */
export const Configuration = z
  .record(z.string(), z.unknown(), { error: "malformed request body: must be an object of strings" })
  .transform((value, ctx) => {
    const problem = findProblem(Object.entries(value));
    if (problem === undefined) return value as Record<string, string>; // findProblem saw that all values are strings
    ctx.addIssue(verbatim(`invalid request body: ${problem}`));
    return z.NEVER;
  })
  .openapi("Configuration", { type: "object", additionalProperties: { type: "string" } });

export type ConfigurationValues = Record<string, string>;

/** Values as the stores of this domain give them back. */
export const valuesOf = (text: string | undefined): ConfigurationValues =>
  JSON.parse(text ?? "{}") as ConfigurationValues; // written from parsed values only

/** Why values cannot be given to a device, which would be refused when it reports them. */
export const tooManyValues = (values: ConfigurationValues): string | undefined =>
  Object.keys(values).length > MAX_KEYS ? TOO_MANY : undefined;

export const ConfigurationRecord = z
  .object({
    id: z.string(),
    configured: z.record(z.string(), z.string()),
    reported: z.record(z.string(), z.string()),
    deployment_id: z.string().optional(),
    updated_ts: z.string().nullable(),
    reported_ts: z.string().optional(),
  })
  .openapi("DeviceConfiguration");

export const EffectiveConfiguration = z
  .object({
    id: z.string(),
    effective: z.record(z.string(), z.string()),
    sources: z.array(
      z.object({ source: z.enum(["group", "filter", "device"]), id: z.string(), keys: z.array(z.string()) }),
    ),
    in_sync: z.boolean(),
  })
  .openapi("EffectiveConfiguration");

/** Values for the members of a group or of a saved filter. */
export const DefaultConfiguration = z
  .object({
    group: z.string().optional(),
    filter: z.string().optional(),
    priority: z.number().optional(),
    configured: z.record(z.string(), z.string()),
    updated_ts: z.string(),
  })
  .openapi("DefaultConfiguration");

const MAX_PRIORITY = 1000;

export const Priority = z.coerce.number().int().min(0).max(MAX_PRIORITY).default(0).openapi({
  description: "Of two filters the values of the one with the greater priority win; groups have none",
});

export const DeployToMembersRequest = z.object({ retries: z.number().int().min(0).max(100).default(0) });

export const DeployRequest = DeployToMembersRequest.extend({
  update_control_map: z.record(z.string(), z.unknown()).optional(),
});

/** What a deployment to members makes; `more` if there may be members beyond these. */
export const StartedRunBody = z
  .object({
    deployments: z.array(z.object({ device_id: z.string(), deployment_id: z.string() })),
    more: z.boolean(),
  })
  .openapi("ConfigurationRun");

export const DeployAnswer = z.object({ deployment_id: z.string() });

/** How far a deployment to members of a group or filter has come; the data of its events. */
export const MembersRun = z.object({
  source: z.enum(["group", "filter"]),
  id: z.string(),
  retries: z.number(),
  after: z.string().optional(),
});
