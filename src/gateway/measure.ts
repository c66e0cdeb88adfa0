import type { MiddlewareHandler } from "hono";
import {
  addRequest,
  gather,
  meterOf,
  OPENMETRICS,
  Tally,
  writeOpenMetrics,
  type Area,
} from "../metrics/index.ts";
import { operatorOf } from "../platform/app.ts";
import type { App, AppEnv } from "../platform/app-env.ts";
import type { Env } from "../platform/env.ts";
import type { Later } from "../platform/later.ts";
import { makeLog } from "../platform/log.ts";
import { operatorRoute } from "../platform/route.ts";
import { faultResponses } from "../platform/wire.ts";
import { z } from "@hono/zod-openapi";
import { isCheck } from "./idle-check.ts";

// What a process counts belongs to its bindings. Safe to lose.
const tallies = new WeakMap<Env, Tally>();

function tallyOf(env: Env): Tally {
  const known = tallies.get(env);
  if (known) return known;
  const tally = new Tally(env, (cause) => makeLog({}).error("requests not counted", { cause }));
  tallies.set(env, tally);
  return tally;
}

const AREA = /^https?:\/\/[^/]+\/api\/(devices|management|internal|operator)\//;

function areaOf(url: string): Area {
  if (isCheck(url)) return "check";
  const part = AREA.exec(url)?.[1];
  return part === "devices" ? "device" : ((part as Area | undefined) ?? "other");
}

interface Began {
  beganMs: number;
  now: () => number;
  later: Pick<Later, "after">;
}

/** Counts a request that was answered without the routes, where somebody may ask for the numbers. */
export function measureEarly(env: Env, url: string, status: number, { beganMs, now, later }: Began): void {
  if (!env.OPERATOR_TOKEN) return;
  const endMs = now();
  const measured = { area: areaOf(url), status, seconds: (endMs - beganMs) / 1000 };
  addRequest(tallyOf(env).countsAt(endMs, later), measured);
}

/** Counts every other request. */
export const measure: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { deps } = c.var;
  const beganMs = deps.now();
  await next();
  if (!c.env.OPERATOR_TOKEN) return;
  const endMs = deps.now();
  const { caller } = c.var;
  addRequest(tallyOf(c.env).countsAt(endMs, deps), {
    area: areaOf(c.req.url),
    status: c.res.status,
    seconds: (endMs - beganMs) / 1000,
    cost: deps.cost,
    tenant: caller?.kind === "user" || caller?.kind === "device-claim" ? caller.tenant : undefined,
  });
};

const metrics = operatorRoute({
  method: "get",
  path: "/metrics",
  tags: ["operator"],
  summary: "Numbers of the installation for a monitoring system, as OpenMetrics",
  responses: {
    200: { description: "The numbers", content: { [OPENMETRICS]: { schema: z.string() } } },
    ...faultResponses(401, 503),
  },
});

export function mountMetrics(app: App): void {
  app.openapi(metrics, async (c) => {
    operatorOf(c);
    const nowMs = c.var.deps.now();
    await tallyOf(c.env).tell(nowMs);
    const counts = await meterOf(c.env).read(nowMs);
    c.var.deps.cost.objectCalls += 2;
    return c.body(writeOpenMetrics(await gather(c.var.deps, counts)), 200, { "Content-Type": OPENMETRICS });
  });
}
