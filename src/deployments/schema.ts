import { z } from "@hono/zod-openapi";
import { isUuid } from "../platform/ids.ts";
import { parseJson } from "../platform/json.ts";
import { pageQuery } from "../platform/paging.ts";
import { uuidText, verbatim } from "../platform/wire.ts";
import { artifactText } from "./artifact-text.ts";
import { REPORTABLE, isStatus, STATUSES, type Status } from "./status.ts";
import { UpdateControlMap } from "./control-map.ts";
import { PhaseObject } from "./rollout/phase-schema.ts";
import { MAX_RETRIES } from "./create-schema.ts";

const idParam = { param: { name: "id", in: "path" as const } };

export const DeploymentId = uuidText.openapi(idParam);

/** Of the deployment a device is told to be in; it has no part in one whose id is none. */
export const ReportedDeploymentId = z.string().openapi(idParam);

export const StatusReport = z
  .object({
    status: z.string({ error: "cannot be blank" }).transform((word, ctx): Status => {
      if (word === "") ctx.addIssue({ code: "custom", message: "cannot be blank" });
      else if (!isStatus(word)) ctx.addIssue(verbatim(`invalid status for device '${word}'`));
      else if (!REPORTABLE.has(word)) ctx.addIssue({ code: "custom", message: "must be a valid value" });
      else return word;
      return z.NEVER;
    }),
    substate: z
      .string()
      .max(200, { error: "the length must be no more than 200" })
      .nullish()
      .transform((text) => text || undefined),
  })
  .openapi("DeploymentStatus");

const LogMessage = z.object({
  timestamp: z.iso.datetime({ offset: true, error: "must be a valid RFC 3339 time" }).nullable(),
  level: z.string().min(1, { error: "cannot be blank" }).nullable(),
  message: z.string({ error: "cannot be blank" }).min(1, { error: "cannot be blank" }),
});

/** What fits into a body, if each message tells something. */
const MAX_MESSAGES = 20_000;

export const DeploymentLog = z
  .object({
    messages: z
      .array(LogMessage, { error: "cannot be blank" })
      .min(1, { error: "cannot be blank" })
      .max(MAX_MESSAGES, { error: `the length must be no more than ${MAX_MESSAGES}` }),
  })
  .openapi("DeploymentLog");

export const NewStatus = z
  .object({
    status: z.string({ error: "cannot be blank" }).refine((word) => word === "aborted", {
      error: "Unexpected deployment status",
      params: { verbatim: true },
    }),
  })
  .openapi("NewDeploymentStatus");

const MAX_STATISTICS = 100;

export const StatisticsQuery = z
  .object({
    deployment_ids: z
      .array(z.string())
      .max(MAX_STATISTICS, { error: `the length must be between 1 and ${MAX_STATISTICS}` })
      .nullish()
      .transform((ids) => ids ?? [])
      .superRefine((ids, ctx) => {
        const bad = ids.findIndex((id) => !isUuid(id));
        if (bad >= 0) ctx.addIssue(verbatim(`${bad}: must be a valid UUID.`));
      }),
  })
  .openapi("DeploymentsStatisticsQuery");

const HISTORY_PAGE = 20;

/** Pages of a device's history end at 20, with the text of the other refusals. */
export const historyPage = {
  ...pageQuery(),
  per_page: pageQuery().per_page.refine((value) => value <= HISTORY_PAGE, {
    error: "invalid per_page query: value must be a non-zero positive integer",
    params: { verbatim: true },
  }),
};

export const StatusCounts = z
  .object(
    Object.fromEntries(STATUSES.map((status) => [status, z.number().int()])) as Record<Status, z.ZodNumber>,
  ) // one entry for each status
  .openapi("Statistics");

export type Statistics = z.output<typeof StatusCounts>;

const FilterTerm = z.object({
  scope: z.string(),
  attribute: z.string(),
  type: z.string(),
  value: z.unknown(),
});

export const DeploymentObject = z
  .object({
    id: z.string(),
    name: z.string(),
    artifact_name: z.string(),
    force_installation: z.boolean().optional(),
    created: z.string(),
    finished: z.string().optional(),
    artifacts: z.array(z.string()).optional(),
    status: z.enum(["scheduled", "pending", "inprogress", "finished"]),
    statistics: z.object({ status: StatusCounts, total_size: z.number().int() }),
    device_count: z.number().int(),
    max_devices: z.number().int().optional(),
    initial_device_count: z.number().int().optional(),
    dynamic: z.boolean().optional(),
    retries: z.number().int().optional(),
    autogenerate_delta: z.boolean().optional(),
    uniform_phases: z.record(z.string(), z.unknown()).optional(),
    rollout: z.record(z.string(), z.unknown()).optional(),
    filter: z.object({ id: z.string(), name: z.string(), terms: z.array(FilterTerm) }).optional(),
    groups: z.array(z.string()).optional(),
    phases: z.array(PhaseObject).optional(),
    type: z.enum(["software", "configuration"]),
    update_control_map: z.record(z.string(), z.unknown()).optional(),
    configuration: z.string().optional(),
    targeting: z
      .literal("inprogress")
      .optional()
      .openapi({ description: "Set while targets are still being looked up; max_devices grows meanwhile" }),
  })
  .openapi("Deployment");

export type DeploymentObject = z.output<typeof DeploymentObject>;

export const DeviceObject = z
  .object({
    id: z.string(),
    created: z.string(),
    started: z.string().optional(),
    finished: z.string().optional(),
    deleted: z.string().optional(),
    status: z.enum(STATUSES as [Status, ...Status[]]), // never empty
    log: z.boolean(),
    substate: z.string().optional(),
    device_type: z.string().optional(),
    attempts: z.number().int().optional(),
    retries: z.number().int().optional(),
    phase_id: z.string().optional(),
    image: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("DeviceWithImage");

export type DeviceObject = z.output<typeof DeviceObject>;

export const HistoryEntry = z
  .object({ id: z.string(), deployment: DeploymentObject.optional(), device: DeviceObject })
  .openapi("DeviceDeployment");

export type HistoryEntry = z.output<typeof HistoryEntry>;

const object = z.record(z.string(), z.unknown());

/** A configuration, or the text of one. */
const configurationObject = z
  .union([object, z.string()], { error: "cannot be blank" })
  .transform((value, ctx) => {
    const parsed = object.safeParse(typeof value === "string" ? parsedOrNothing(value) : value);
    if (parsed.success) return parsed.data;
    ctx.addIssue({ code: "custom", message: "must be an object" });
    return z.NEVER;
  });

function parsedOrNothing(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

export const ConfigurationRequest = z
  .object({
    name: artifactText,
    configuration: configurationObject,
    retries: z.number().int().min(0).max(MAX_RETRIES).default(0),
  })
  .openapi("ConfigurationDeploymentRequest");

const MAX_LAST = 1024;

export const LastRequest = z
  .object({
    device_ids: z
      .array(z.string(), { error: "cannot be blank" })
      .min(1, { error: "cannot be blank" })
      .max(MAX_LAST, { error: `the length must be between 1 and ${MAX_LAST}` }),
  })
  .openapi("LastDeviceDeploymentReq");

export const LastStatuses = z
  .object({
    device_deployment_last_statuses: z.array(
      z.object({
        device_id: z.string(),
        deployment_id: z.string(),
        device_deployment_id: z.string(),
        device_deployment_status: z.string(),
      }),
    ),
  })
  .openapi("LastDeviceDeploymentsStatuses");

export type LastStatuses = z.output<typeof LastStatuses>;

export const ControlMapChange = z
  .object({ update_control_map: UpdateControlMap })
  .openapi("PatchDeploymentControlMap");

export const ControlMapAnswer = z
  .object({ update_control_map: z.record(z.string(), z.unknown()) })
  .openapi("DeploymentControlMap");

export const ExplanationBody = z
  .object({
    status: z.string().openapi({ description: "Status of the device; `none` if it has no part in it" }),
    reason: z.string(),
    description: z.string(),
    starts: z.string().optional(),
    earlier: z.string().optional().openapi({ description: "Id of the deployment that comes first" }),
    device: z.object({ device_type: z.string(), artifact_name: z.string() }).optional(),
    artifacts: z
      .array(z.object({ id: z.string(), type_fits: z.boolean(), unmet_depends: z.array(z.string()) }))
      .optional(),
  })
  .openapi("Explanation");
