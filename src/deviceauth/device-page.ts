import type { Context } from "hono";
import type { Actor } from "../platform/actor.ts";
import type { AppEnv } from "../platform/app-env.ts";
import { setPageHeaders, type Page } from "../platform/paging.ts";
import { toWire } from "./schema.ts";
import { listDevices } from "./devices.ts";
import type { DeviceFilter } from "./store.ts";

/** A page of devices as the wire has it; sets its `Link` headers. The total is not told here. */
export async function answerDevices(c: Context<AppEnv>, actor: Actor, filter: DeviceFilter, page: Page) {
  const { devices, hasNext } = await listDevices(c.var.deps, actor, filter, page);
  setPageHeaders(c, page, { hasNext });
  return devices.map(toWire);
}
