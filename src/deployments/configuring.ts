import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import {
  configurationDeploymentStatements,
  type ConfigurationDeployment,
} from "./configuration-deployment.ts";

/** Makes a configuration deployment for an operator, who chooses its id. */
export async function deployConfiguration(
  deps: Deps,
  actor: Actor,
  wanted: Omit<ConfigurationDeployment, "atMs">,
): Promise<void> {
  const statements = configurationDeploymentStatements(actor, { ...wanted, atMs: deps.now() });
  const [made] = await deps.db(actor.tenant).batch(statements);
  if (made === 0) throw new Fault("conflict", "Deployment with given ID already exists");
}
