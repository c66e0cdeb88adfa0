import { z } from "zod";
import { MAX_PREDICATES as MAX_TERMS } from "../../inventory/index.ts";

/**
 * The tools that assistants are offered: few of the operations of the management API, each described for who has never seen
 * it. A tool is a request to its operation, with the token of the caller, and may do no more than that.
 */
export interface Tool {
  name: string;
  title: string;
  description: string;
  method: "GET" | "POST" | "PUT";
  /** `{name}` stands for an argument. */
  path: string;
  /** Arguments that are not in the path go into the query of a GET and into the body of any other. */
  input: z.ZodObject;
  /** It changes something. */
  writes?: boolean;
  /** What it does cannot be taken back. */
  isFinal?: boolean;
  /** The body where it is not the arguments as they are. */
  body?: (given: Record<string, unknown>) => object;
}

const M1 = "/api/management/v1";
const M2 = "/api/management/v2";

const id = (what: string) =>
  z
    .string()
    .regex(/^[\w-]{1,128}$/, { error: "must be an id" })
    .describe(`Id of the ${what}`);
const text = (max: number, description: string) => z.string().min(1).max(max).describe(description);
const page = {
  page: z.int().min(1).max(100_000).optional().describe("Which page, from 1"),
  per_page: z.int().min(1).max(100).optional().describe("Entries of a page; 20 unless said"),
};
/** Part of a path: what would lead elsewhere, or cannot be written there, is no name. */
const name = (what: string) =>
  text(256, `Name of the ${what}`).refine(
    (given) => given !== "." && given !== ".." && !/\p{Surrogate}/u.test(given),
    { error: "must be a name" },
  );

const device = id("device");
const deployment = id("deployment");

const Term = z.object({
  scope: z
    .enum(["inventory", "identity", "tags", "system", "monitor"])
    .describe("inventory: what the device tells; system: group, status; tags: set by users"),
  attribute: text(1024, "Name of the attribute, such as device_type, artifact_name, group, status, mac"),
  type: z.enum(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$regex"]),
  value: z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]),
});

const READS: readonly Tool[] = [
  {
    name: "find_devices",
    title: "Find devices",
    description:
      "Search devices by their attributes; all terms hold together. Without terms: all devices. Answers a page of devices with attributes.",
    method: "POST",
    path: `${M2}/inventory/filters/search`,
    input: z.object({
      filters: z.array(Term).max(MAX_TERMS).optional().describe("Terms that all hold"),
      text: text(256, "Words that any attribute has").optional(),
      ...page,
    }),
  },
  {
    name: "get_device",
    title: "Show a device",
    description:
      "Everything about one device: status, attributes, when it was heard of last, whether it is silent, its deployments, its alerts.",
    method: "GET",
    path: `${M1}/console/devices/{device_id}`,
    input: z.object({ device_id: device }),
  },
  {
    name: "count_devices",
    title: "Count devices",
    description: "How many devices are accepted and pending.",
    method: "GET",
    path: `${M2}/inventory/statistics`,
    input: z.object({}),
  },
  {
    name: "list_groups",
    title: "List groups",
    description: "Names of the static groups of devices.",
    method: "GET",
    path: `${M1}/inventory/groups`,
    input: z.object({}),
  },
  {
    name: "get_configuration",
    title: "Show a configuration",
    description: "What a device is configured to, and what it reported to run with.",
    method: "GET",
    path: `${M1}/deviceconfig/configurations/device/{device_id}`,
    input: z.object({ device_id: device }),
  },
  {
    name: "list_deployments",
    title: "List deployments",
    description: "Deployments, the newest first, with their status and numbers of devices.",
    method: "GET",
    path: `${M1}/deployments/deployments`,
    input: z.object({
      status: z.enum(["pending", "scheduled", "inprogress", "finished"]).optional(),
      search: text(256, "Part of the name, or the artifact").optional(),
      ...page,
    }),
  },
  {
    name: "get_deployment",
    title: "Show a deployment",
    description: "One deployment: artifact, phases, status, statistics.",
    method: "GET",
    path: `${M1}/deployments/deployments/{deployment_id}`,
    input: z.object({ deployment_id: deployment }),
  },
  {
    name: "list_deployment_devices",
    title: "List devices of a deployment",
    description:
      "How the devices of a deployment are getting on. Ask with status `failure` for those that failed.",
    method: "GET",
    path: `${M1}/deployments/deployments/{deployment_id}/devices/list`,
    input: z.object({
      deployment_id: deployment,
      status: z
        .enum(["failure", "success", "pending", "inprogress", "active", "finished", "aborted"])
        .optional(),
      ...page,
    }),
  },
  {
    name: "get_deployment_log",
    title: "Show why a device failed",
    description: "The log that a device sent of a deployment that failed on it.",
    method: "GET",
    path: `${M1}/deployments/deployments/{deployment_id}/devices/{device_id}/log`,
    input: z.object({ deployment_id: deployment, device_id: device }),
  },
  {
    name: "list_releases",
    title: "List releases",
    description: "Releases with their artifacts and the types of devices that these are for.",
    method: "GET",
    path: `${M2}/deployments/deployments/releases`,
    input: z.object({ name: text(256, "Beginning of the name").optional(), ...page }),
  },
  {
    name: "list_alerts",
    title: "List alerts",
    description:
      "What is wrong now: alerts that devices raised, and the server's own (silent device, failing deployment, limit, expiring token, failing receiver, configuration not applied). Go on with `cursor`.",
    method: "GET",
    path: `${M1}/devicemonitor/alerts`,
    input: z.object({
      source: z.enum(["device", "server"]).optional(),
      device: device.optional(),
      group: text(256, "Name of a group").optional(),
      acknowledged: z.boolean().optional(),
      cursor: text(12_288, "Where the last answer ended").optional(),
      limit: z.int().min(1).max(100).optional(),
    }),
  },
  {
    name: "list_events",
    title: "List events",
    description:
      "What happened in the last thirty days, oldest first unless order is desc: devices, deployments, alerts, sessions, users. `type` takes names or beginnings such as device.*",
    method: "GET",
    path: `${M1}/events`,
    input: z.object({
      type: text(512, "Types or patterns, separated by commas").optional(),
      device: device.optional(),
      deployment: deployment.optional(),
      since: text(64, "RFC 3339").optional(),
      until: text(64, "RFC 3339").optional(),
      order: z.enum(["asc", "desc"]).optional(),
      cursor: text(32, "Where the last answer ended").optional(),
      limit: z.int().min(1).max(100).optional(),
    }),
  },
];

const WRITES: readonly Tool[] = [
  {
    name: "create_deployment",
    title: "Deploy a release to devices",
    description: "Have devices, named by their ids, update to a release. They do so when they ask next.",
    method: "POST",
    path: `${M1}/deployments/deployments`,
    input: z.object({
      name: text(256, "Of the deployment, for people"),
      artifact_name: text(256, "The release"),
      devices: z.array(device).min(1).max(1000),
      retries: z.int().min(0).max(10).optional(),
    }),
    writes: true,
    isFinal: true,
  },
  {
    name: "deploy_to_group",
    title: "Deploy a release to a group",
    description: "Have all accepted devices of a group update to a release.",
    method: "POST",
    path: `${M1}/deployments/deployments/group/{group}`,
    input: z.object({
      group: name("group"),
      name: text(256, "Of the deployment, for people"),
      artifact_name: text(256, "The release"),
      retries: z.int().min(0).max(10).optional(),
    }),
    writes: true,
    isFinal: true,
  },
  {
    name: "abort_deployment",
    title: "Abort a deployment",
    description: "End a deployment before its time. It cannot be taken up again.",
    method: "PUT",
    path: `${M1}/deployments/deployments/{deployment_id}/status`,
    input: z.object({ deployment_id: deployment }),
    writes: true,
    isFinal: true,
    body: () => ({ status: "aborted" }),
  },
  {
    name: "acknowledge_alerts",
    title: "Acknowledge alerts",
    description: "Say of open alerts, by the ids of list_alerts, that somebody has seen them, with a note.",
    method: "POST",
    path: `${M1}/devicemonitor/alerts/acknowledge`,
    input: z.object({
      ids: z.array(text(12_288, "Id of an alert")).min(1).max(100),
      note: text(1024, "For others").optional(),
    }),
    writes: true,
  },
];

export const TOOLS: readonly Tool[] = [...READS, ...WRITES];
