import type { CallTask, Definition, Task } from "./definition.ts";

interface CallOptions {
  retries?: number;
  retryDelaySeconds?: number;
  accept?: string[];
}

const RETRIES = 3;

const call = (name: string, parameters: Record<string, unknown>, options: CallOptions = {}): CallTask => ({
  name,
  type: "call",
  retries: options.retries ?? RETRIES,
  retryDelaySeconds: options.retryDelaySeconds ?? 0,
  call: { function: name, parameters, ...(options.accept && { accept: options.accept }) },
});

const input = (name: string): string => `\${workflow.input.${name}}`;

const device = { device_id: input("device_id") };
const GONE_IS_FINE = { accept: ["not_found"] };

const definition = (
  name: string,
  version: number,
  inputParameters: string[],
  tasks: Task[],
  more: Partial<Definition> = {},
): Definition => ({ name, version, schemaVersion: 1, inputParameters, tasks, ...more });

/**
 * Names, versions and inputs of the original's definitions (protocol notes, workflows 6) on functions of this server.
 * The domains bring about the same effects in the transaction of the change itself; these are for scripts that start
 * them, and for artifacts that are generated.
 */
export const BUILT_IN: readonly Definition[] = [
  definition(
    "provision_device",
    12,
    ["request_id", "device_id", "tenant_id", "device", "status"],
    [
      call(
        "inventory.set_status",
        { devices: [input("device")], status: input("status") },
        {
          retryDelaySeconds: 5,
        },
      ),
      call("deviceconfig.add_device", device, { retryDelaySeconds: 5, accept: ["conflict", "not_found"] }),
    ],
    { description: "Makes an accepted device known to all domains" },
  ),
  definition(
    "update_device_status",
    8,
    ["request_id", "devices", "device_status", "tenant_id"],
    [call("inventory.set_status", { devices: input("devices"), status: input("device_status") })],
    { ephemeral: true, description: "Puts a status into the inventory of devices" },
  ),
  definition(
    "decommission_device",
    11,
    ["request_id", "device_id", "tenant_id"],
    [
      call("deployments.decommission_device", device),
      call("deviceconnect.remove_device", device, GONE_IS_FINE),
      call("deviceconfig.remove_device", device, GONE_IS_FINE),
      call("inventory.remove_device", device),
      // Last: a chain that fails leaves the device visible and the request repeatable.
      call("deviceauth.remove_device", device, GONE_IS_FINE),
    ],
    { description: "Removes a device from all domains" },
  ),
  definition(
    "update_device_inventory",
    4,
    ["request_id", "attributes", "tenant_id", "device_id", "scope"],
    [
      call("inventory.merge_attributes", {
        ...device,
        attributes: input("attributes"),
        scope: input("scope"),
      }),
    ],
    { ephemeral: true, description: "Adds attributes to the inventory of a device" },
  ),
  definition(
    "deploy_device_configuration",
    2,
    ["request_id", "tenant_id", "deployment_id", "device_id", "configuration", "retries"],
    [
      call(
        "deployments.deploy_configuration",
        {
          ...device,
          deployment_id: input("deployment_id"),
          configuration: input("configuration"),
          retries: input("retries"),
        },
        // The same id again is the same deployment.
        { accept: ["conflict"] },
      ),
      call("deviceconnect.check_update", device, { accept: ["not_found", "conflict"] }),
    ],
    { description: "Deploys a configuration to a device" },
  ),
  definition(
    "provision_external_device",
    3,
    ["configuration", "device_id", "request_id", "tenant_id"],
    [
      call(
        "deviceconfig.merge",
        { ...device, configuration: input("configuration") },
        {
          accept: ["not_found"],
        },
      ),
      call("deviceconfig.deploy", { ...device, retries: 1 }, GONE_IS_FINE),
    ],
    { ephemeral: true, description: "Hands a device what it needs to reach a cloud provider" },
  ),
  definition(
    "reindex_inventory",
    3,
    ["request_id", "tenant_id", "device_id", "service"],
    [call("inventory.reindex", device)],
    { ephemeral: true, description: "Done at once: the search index follows the inventory by itself" },
  ),
  definition(
    "generate_artifact",
    4,
    ["artifact_id", "tenant_id"],
    [call("releases.generate", { artifact_id: input("artifact_id") }, { retryDelaySeconds: 5 })],
    { topic: "generate_artifact", description: "Writes an artifact from a file that was uploaded" },
  ),
];

export const builtIn = (name: string, version?: number): Definition | undefined =>
  BUILT_IN.find((known) => known.name === name && (version === undefined || known.version === version));
