import { DEVICE_GONE, demandDevicesStatement } from "../../devices/index.ts";
import type { Actor } from "../../platform/actor.ts";
import { refusalOf } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { configurationDeploymentStatements, type ConfigurationDeployment } from "./deployment.ts";

/** Makes a configuration deployment under an id of the caller's choice, for a device that is there. */
export async function deployConfiguration(
  deps: Deps,
  actor: Actor,
  wanted: Omit<ConfigurationDeployment, "atMs">,
): Promise<void> {
  const { tenant } = actor;
  const [, made] = await deps
    .db(tenant)
    .batch([
      demandDevicesStatement(tenant, [wanted.device]),
      ...configurationDeploymentStatements(actor, { ...wanted, atMs: deps.now() }),
    ])
    .catch((cause: unknown) => {
      if (refusalOf(cause) === DEVICE_GONE) throw new Fault("not_found", "device does not exist", { cause });
      throw cause;
    });
  if (made === 0) throw new Fault("conflict", "Deployment with given ID already exists");
}
