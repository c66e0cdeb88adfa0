import { z } from "@hono/zod-openapi";
import { withMembers } from "../platform/json-members.ts";
import { requiredText } from "../platform/wire.ts";
import { artifactText } from "./artifact-text.ts";
import type { DeviceState } from "./store/assignment.ts";

const text = requiredText(1, 4096);

/** A type that some artifact can be for, and that can be a part of the path of a link. */
const deviceType = artifactText.refine((type) => type !== "." && type !== "..", {
  error: "must be a valid value",
});

/** What a device provides under a name is text; `null` is nothing. */
const provided = z.string({ error: "must be a string" }).nullable();

/** Query of `GET …/next`. */
export const AskingQuery = z.object({ artifact_name: text, device_type: deviceType });

/** Body of the first version's `POST …/next`; older clients put what they provide beside the two names. */
export const AskingBody = z
  .looseObject({
    artifact_name: text,
    device_type: deviceType,
    artifact_provides: z.record(z.string(), provided).nullish(),
  })
  .openapi("DeploymentNextRequest");

/** Body of the second version's. */
export const AskingBodyV2 = z
  .object({
    device_provides: z
      .object({ artifact_name: text, device_type: deviceType })
      .catchall(provided)
      .openapi({ description: "Everything the device provides, as text by name" }),
    update_control_map: z.boolean().nullish(),
  })
  .openapi("CheckUpdateRequest");

const texts = (of: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(of).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );

export const stateOfQuery = (query: z.output<typeof AskingQuery>): DeviceState => ({
  deviceType: query.device_type,
  artifactName: query.artifact_name,
  provides: { artifact_name: query.artifact_name },
  complete: false,
});

/** A body that tells no more than the two names is as incomplete as the query. */
export function stateOfBody(body: z.output<typeof AskingBody>): DeviceState {
  const { artifact_name, device_type, artifact_provides, ...flat } = body;
  const further = { ...texts(flat), ...texts(artifact_provides ?? {}) };
  return {
    deviceType: device_type,
    artifactName: artifact_name,
    provides: { ...further, artifact_name },
    complete: Object.keys(further).some((key) => key !== "artifact_name" && key !== "device_type"),
  };
}

export function stateOfBodyV2({ device_provides }: z.output<typeof AskingBodyV2>): DeviceState {
  const { device_type, ...provides } = device_provides;
  return {
    deviceType: device_type,
    artifactName: device_provides.artifact_name,
    provides: texts(provides),
    complete: true,
  };
}

const MICRO = /^mender-mcu/i;

/**
 * The query as the client meant it: small devices do not escape, so that a plus is a plus there and a space elsewhere
 * (protocol notes, deployments 3.1).
 */
export function askingQuery(url: string, userAgent: string | undefined): Record<string, string> {
  const search = new URL(url).search.slice(1);
  const raw = MICRO.test(userAgent ?? "") ? search.replaceAll("+", "%2B") : search;
  return Object.fromEntries(new URLSearchParams(raw));
}

/** Whether a check by query would be taken. */
export const asksByQuery = ({ url, headers }: Request): boolean =>
  AskingQuery.safeParse(askingQuery(url, headers.get("user-agent") ?? undefined)).success;

/** Whether a check by body would be taken. */
export function asksByBody(body: unknown, version: "v1" | "v2"): boolean {
  const schema = version === "v2" ? AskingBodyV2 : AskingBody;
  return schema.safeParse(withMembers(schema, body, { foldCase: true })).success;
}
