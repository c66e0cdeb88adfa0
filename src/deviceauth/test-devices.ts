import type { Actor } from "../platform/actor.ts";
import { refusalOf } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { auditStatement, untilUndisturbed } from "./transitions.ts";
import { demandUnchanged, deviceStatement } from "./store.ts";
import {
  countChangeStatement,
  demandChangeLeft,
  demandTestDeviceLeft,
  forgetChangesStatement,
  setTestDeviceStatement,
} from "./test-device-store.ts";

const DAY_MS = 86_400_000;

function refusal(cause: unknown, at: number): unknown {
  switch (refusalOf(cause)) {
    case "test-device-limit":
      return new Fault("unprocessable", "maximum number of test devices reached", { cause });
    case "test-device-changes": {
      const nextDayS = Math.ceil((DAY_MS - (at % DAY_MS)) / 1000);
      return new Fault("rate_limited", "too many requests", {
        cause,
        headers: { "Retry-After": String(nextDayS) },
      });
    }
    default:
      return cause;
  }
}

/** Names a device a test device, which may poll often, or takes that back. Few per tenant, and few changes a day. */
export const setTestDevice = (deps: Deps, actor: Actor, id: string, isTestDevice: boolean): Promise<void> =>
  untilUndisturbed(async () => {
    const { tenant } = actor;
    const db = deps.db(tenant);
    const device = await db.one(deviceStatement(tenant, id));
    if (!device) throw new Fault("not_found", "device not found");
    if (device.testDevice === isTestDevice) return;
    const at = deps.now();
    const day = Math.floor(at / DAY_MS);
    try {
      await db.batch([
        demandUnchanged(tenant, device),
        demandChangeLeft(tenant, day),
        ...(isTestDevice ? [demandTestDeviceLeft(tenant)] : []),
        setTestDeviceStatement(tenant, id, isTestDevice),
        countChangeStatement(tenant, day),
        forgetChangesStatement(tenant, day),
        auditStatement(actor, "update", device, at, `test_device: ${isTestDevice}`),
      ]);
    } catch (cause) {
      throw refusal(cause, at);
    }
  });
