import { rfc3339 } from "../../platform/clock.ts";
import type { DeviceId } from "../../platform/ids.ts";
import type { Told } from "../../platform/stream.ts";
import { isOfDevices } from "../rules.ts";
import type { NewAlert, ServerAlertRow } from "./alert-store.ts";

/** An alert of the server as others are told of it. */
export interface Found extends NewAlert {
  device?: DeviceId;
  deployment?: string;
  group: string | null;
  /** The last contact of a silent device. */
  lastMs?: number;
}

export const rowOf = ({ kind, object, level, text }: Found): NewAlert => ({ kind, object, level, text });

/** What the world is told of an alert that is raised. */
export const toldOf = ({ kind, object, level, text, device, deployment, lastMs }: Found): Told[] => [
  ...(device !== undefined && lastMs !== undefined
    ? [{ type: "device.silent" as const, device, data: { since: rfc3339(lastMs) } }]
    : []),
  {
    type: "alert.raised",
    ...(device !== undefined && { device }),
    ...(deployment !== undefined && { deployment }),
    ...(device === undefined && deployment === undefined && { subject: object }),
    data: { subject: kind, level, source: "server", text },
  },
];

/** And of one that is over. */
export const clearedOf = ({ kind, object, text }: ServerAlertRow): Told[] => [
  ...(kind === "silent" ? [{ type: "device.back" as const, device: object, data: {} }] : []),
  {
    type: "alert.cleared",
    ...(isOfDevices(kind)
      ? { device: object }
      : kind === "deployment"
        ? { deployment: object }
        : { subject: object }),
    data: { subject: kind, level: "OK", source: "server", text },
  },
];
