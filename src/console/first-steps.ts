import type { LiveUser } from "../platform/actor.ts";
import { devicesFor, hasPermission, type Permission } from "../platform/permissions.ts";

/** What a tenant begins with. */
interface FirstSteps {
  /** A device has asked to be let in. */
  connected: boolean;
  accepted: boolean;
  uploaded: boolean;
  /** A deployment has reached a device. */
  deployed: boolean;
}

const TAKE_THEM: readonly Permission[] = ["devices:manage", "artifacts:upload", "deployments:manage"];

/** What of the first steps is done, to who can take them all; undefined once there is nothing left. */
export function firstSteps(actor: LiveUser, steps: FirstSteps): FirstSteps | undefined {
  if (Object.values(steps).every(Boolean)) return undefined;
  const can = TAKE_THEM.every((permission) => hasPermission(actor, permission));
  return can && devicesFor(actor, "devices:manage") === "all" ? steps : undefined;
}
