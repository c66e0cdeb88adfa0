import {
  dropRefusedDevice,
  dropSuspendedTenant,
  forgetGoneDevice,
  wakeDevice,
} from "../deviceconnect/followers.ts";
import { removeArtifactObjects } from "../releases/jobs.ts";
import type { EventHandlers } from "./consume.ts";

/** Who follows which event; each domain names its own. */
export const HANDLERS: EventHandlers = {
  "configuration.deployed": [wakeDevice],
  "device.decommissioned": [forgetGoneDevice],
  "device.status_changed": [dropRefusedDevice],
  "tenant.status": [dropSuspendedTenant],
  "artifact.deleted": [removeArtifactObjects],
};
