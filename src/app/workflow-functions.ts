import { deviceCheckInStatements } from "../devices/index.ts";
import { z } from "@hono/zod-openapi";
import { decommissionDevice } from "../deviceauth/index.ts";
import {
  addConfigurationRecord,
  configurationRecord,
  configureDevice,
  deployConfiguration,
  removeDeviceConfiguration,
} from "../deviceconfig/index.ts";
import { askForUpdate, removeDeviceConnection } from "../deviceconnect/index.ts";
import {
  decommissionDeviceStatements,
  deployConfiguration as deployGivenConfiguration,
} from "../deployments/index.ts";
import { deviceIdentityStatements, deviceStatusStatements, forgetDevices } from "../inventory/index.ts";
import type { Deps, WorkflowCall, WorkflowFunction } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asDeviceId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { describeIssues } from "../platform/wire.ts";
import { writeGeneratedArtifact } from "../releases/index.ts";

/** A function whose parameters are checked before it runs. Every one may be repeated without harm. */
const call =
  <T>(
    schema: z.ZodType<T>,
    run: (deps: Deps, context: WorkflowCall, parameters: T) => Promise<unknown>,
  ): WorkflowFunction =>
  async (deps, context, parameters) => {
    const parsed = schema.safeParse(parameters);
    if (!parsed.success) throw new Fault("bad_request", describeIssues(parsed.error.issues));
    await run(deps, context, parsed.data);
  };

const Device = z.object({ device_id: z.string().min(1).transform(asDeviceId) });

/** A function that needs to know the device and nothing else. */
const forDevice = (run: (deps: Deps, context: WorkflowCall, device: DeviceId) => Promise<unknown>) =>
  call(Device, (deps, context, { device_id: device }) => run(deps, context, device));

/** Values that a template may have turned into text. */
const Whole = z.coerce.number().int().min(0);
const fromJson = (value: unknown): unknown => {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};
const JsonObject = z.preprocess(fromJson, z.record(z.string(), z.unknown()));

const Statuses = z.object({
  devices: z
    .array(z.object({ id: z.string().min(1).transform(asDeviceId), revision: Whole.default(0) }))
    .max(1000),
  status: z.enum(["accepted", "rejected", "pending", "preauthorized", "noauth", "decommissioned"]),
});

const setStatus = call(Statuses, (deps, { actor }, { devices, status }) => {
  const [{ tenant }, atMs] = [actor, deps.now()];
  if (status === "decommissioned")
    return forgetDevices(
      deps,
      actor,
      devices.map(({ id }) => id),
    );
  return deps
    .db(tenant)
    .batch(
      devices.flatMap(({ id, revision }) =>
        deviceStatusStatements({ tenant, device: id, status, revision, atMs }),
      ),
    );
});

const Attributes = Device.extend({
  scope: z.enum(["identity", "system"], { error: "must be identity or system" }),
  attributes: z.preprocess(
    fromJson,
    z.array(z.object({ name: z.string().min(1).max(1024), value: z.unknown() })).max(100),
  ),
});

/** Of the system scope only the time of the last contact comes from outside. */
function checkInStatements(tenant: TenantId, device: DeviceId, attributes: Record<string, unknown>) {
  const contactMs = Date.parse(String(attributes.check_in_time));
  return Number.isNaN(contactMs) ? [] : deviceCheckInStatements(tenant, device, contactMs);
}

const mergeAttributes = call(
  Attributes,
  (deps, { actor: { tenant } }, { device_id: device, scope, attributes }) => {
    const values = Object.fromEntries(attributes.map(({ name, value }) => [name, value]));
    const statements =
      scope === "identity"
        ? deviceIdentityStatements({ tenant, device, identity: values, atMs: deps.now() })
        : checkInStatements(tenant, device, values);
    return deps.db(tenant).batch(statements);
  },
);

const ConfigurationDeployment = Device.extend({
  deployment_id: z.string().min(1),
  configuration: JsonObject,
  retries: Whole.default(0),
});

const deployConfigurationAs = call(
  ConfigurationDeployment,
  (deps, { actor }, { device_id: device, deployment_id: id, configuration, retries }) =>
    deployGivenConfiguration(deps, actor, {
      id,
      device,
      name: `configuration-${id}`,
      configuration,
      retries,
    }),
);

const Configuration = Device.extend({ configuration: JsonObject.pipe(z.record(z.string(), z.string())) });

/** Leaves no second trace if the values are there already. */
async function mergeConfiguration(
  deps: Deps,
  { actor }: WorkflowCall,
  { device_id: device, configuration }: z.output<typeof Configuration>,
): Promise<void> {
  const { configured } = await configurationRecord(deps, actor, device);
  if (Object.entries(configuration).every(([key, value]) => configured[key] === value)) return;
  await configureDevice(deps, actor, device, configuration, "merge");
}

/** What `call` tasks of workflows can use, by name. */
const FUNCTIONS: Readonly<Record<string, WorkflowFunction>> = {
  "inventory.set_status": setStatus,
  "inventory.merge_attributes": mergeAttributes,
  "inventory.remove_device": forDevice((deps, { actor }, device) => forgetDevices(deps, actor, [device])),
  // Triggers keep the index in step with the rows.
  "inventory.reindex": forDevice(async () => {}),
  "deployments.decommission_device": forDevice((deps, { actor }, device) =>
    deps.db(actor.tenant).batch(decommissionDeviceStatements(actor.tenant, device, deps.now())),
  ),
  "deployments.deploy_configuration": deployConfigurationAs,
  "deviceauth.remove_device": forDevice((deps, { actor }, device) => decommissionDevice(deps, actor, device)),
  "deviceconfig.add_device": forDevice((deps, { actor }, device) =>
    addConfigurationRecord(deps, actor.tenant, device),
  ),
  "deviceconfig.remove_device": forDevice((deps, { actor }, device) =>
    removeDeviceConfiguration(deps, actor.tenant, device),
  ),
  "deviceconfig.merge": call(Configuration, mergeConfiguration),
  "deviceconfig.deploy": call(
    Device.extend({ retries: Whole.default(0) }),
    (deps, { actor, stableId }, { device_id: device, retries }) =>
      deployConfiguration(deps, actor, device, { retries, id: stableId }),
  ),
  "deviceconnect.remove_device": forDevice((deps, { actor }, device) =>
    removeDeviceConnection(deps, actor.tenant, device),
  ),
  "deviceconnect.check_update": forDevice((deps, { actor }, device) =>
    askForUpdate(deps, actor.tenant, device),
  ),
  "releases.generate": call(
    z.object({ artifact_id: z.string().min(1) }),
    (deps, { actor }, { artifact_id: artifact }) => writeGeneratedArtifact(deps, actor.tenant, artifact),
  ),
};

export const WORKFLOW_FUNCTIONS: ReadonlyMap<string, WorkflowFunction> = new Map(Object.entries(FUNCTIONS));
