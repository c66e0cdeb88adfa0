import type { Deps } from "../platform/deps.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { sendOutgoing, type OutgoingAnswer, type OutgoingRequest } from "../platform/send-outgoing.ts";
import { noAnswer, REQUEST_MS, type Attempt } from "../events/index.ts";
import { startBuiltIn } from "../workflows/index.ts";
import type { ToldEvent } from "./told-event.ts";
import { linksStatement, linkStatement, unlinkStatement } from "./store.ts";

/** What a cloud keeps of a device; each part may be absent. */
export interface DeviceState {
  desired?: Record<string, unknown>;
  reported?: Record<string, unknown>;
}

/** Hands a device over to the cloud: what it needs to reach it becomes a part of its configuration. */
export type HandOver = (configuration: Record<string, string>) => Promise<void>;

/** How a device is to be in a cloud. */
export interface Wanted {
  isOn: boolean;
  /** It was handed over before. */
  isKnown: boolean;
  handOver: HandOver;
}

/** A provider that has devices of its own. Every verb may be repeated. */
export interface Cloud {
  /** The device is there and may connect or not. Makes it, where it was missing, and hands over what it needs. */
  put: (device: DeviceId, wanted: Wanted) => Promise<void>;
  remove: (device: DeviceId) => Promise<void>;
  /** Undefined where the cloud has no such device. */
  state: (device: DeviceId) => Promise<DeviceState | undefined>;
  setDesired: (device: DeviceId, desired: Record<string, unknown>) => Promise<DeviceState | undefined>;
}

/** The cloud does not do what it was asked to; users see the text. */
export class CloudRefusal extends Error {
  override readonly name = "CloudRefusal";
  readonly statusCode: number | undefined;

  constructor(message: string, statusCode?: number) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** Answers of clouds are read as a whole up to here. */
const ANSWER_BYTES = 256 * 1024;

export const askCloud = (deps: Deps, request: OutgoingRequest): Promise<OutgoingAnswer> =>
  sendOutgoing(deps, request, { timeoutMs: REQUEST_MS, answerBytes: ANSWER_BYTES });

/** The object of an answer; refuses any other. */
export function objectOf({ status, text }: OutgoingAnswer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // As below.
  }
  throw new CloudRefusal("the cloud answered something that is not understood", status);
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const objectIn = (value: unknown, name: string): Record<string, unknown> => {
  const member = isObject(value) ? value[name] : undefined;
  return isObject(member) ? member : {};
};

export const textIn = (value: unknown, name: string): string => {
  const member = isObject(value) ? value[name] : undefined;
  return typeof member === "string" ? member : "";
};

const CONNECTS = ["accepted", "preauthorized"];

interface Told {
  tenant: TenantId;
  integration: string;
  provider: "AWS" | "Azure";
  cloud: Cloud;
}

type DeviceEvent = ToldEvent & { device_id: DeviceId };

/** Mirrors an event of a device into a cloud. Only devices that came there by being accepted are looked after. */
export async function tellCloud(deps: Deps, told: Told, event: DeviceEvent): Promise<Attempt> {
  try {
    await mirror(deps, told, event);
    return { success: true };
  } catch (cause) {
    deps.log.info("cloud not told", { delivery: event.event_id, integration: told.integration, cause });
    if (!(cause instanceof CloudRefusal)) return noAnswer(cause);
    const { statusCode, message } = cause;
    return { success: false, error: message, ...(statusCode !== undefined && { statusCode }) };
  }
}

async function mirror(deps: Deps, told: Told, { device_id: device, type, data }: DeviceEvent): Promise<void> {
  const { tenant, integration, cloud } = told;
  const db = deps.db(tenant);
  const handOver: HandOver = async (configuration) => {
    await db.batch(handOverStatements(deps, told, device, configuration));
  };
  const isKnown = (await db.one(linksStatement(tenant, device))).includes(integration);
  if (type === "device-provisioned") {
    await cloud.put(device, { isOn: true, isKnown, handOver });
    await db.one(linkStatement(tenant, device, integration));
    return;
  }
  if (!isKnown) return;
  const { status } = data;
  if (type === "device-status-changed" && status !== "decommissioned")
    await cloud.put(device, { isOn: CONNECTS.includes(String(status)), isKnown, handOver });
  else if (type !== "device-inventory-changed") {
    await cloud.remove(device);
    await db.one(unlinkStatement(tenant, device, integration));
  }
}

/** Linked in the same transaction, so that a device which learned of a cloud is never forgotten there. */
function handOverStatements(
  { now }: Deps,
  { tenant, integration, provider }: Told,
  device: DeviceId,
  configuration: Record<string, string>,
) {
  const input = {
    request_id: "",
    tenant_id: tenant,
    device_id: device,
    provider,
    configuration: JSON.stringify(configuration),
  };
  const job = startBuiltIn("provision_external_device", { tenant, input, subject: device }, now());
  return [linkStatement(tenant, device, integration), ...job.statements];
}
