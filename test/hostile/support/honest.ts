/** The process that plays honest devices and operators, apart from the one that attacks. Tells what they met. */
import { setTimeout as wait } from "node:timers/promises";
import { loadDeviceKeys } from "../../../src/device-simulator/device-keys.ts";
import { SimulatedDevice } from "../../../src/device-simulator/device.ts";
import { Wire } from "./wire.ts";

export interface HonestPlan {
  url: string;
  devices: { identity: Record<string, string>; privatePem: string; tenantToken: string }[];
  managers: string[];
}

export interface Met {
  requests: number;
  errors: string[];
  p50: number;
  p99: number;
  max: number;
}

export type HonestOrder = { do: "begin"; plan: HonestPlan } | { do: "tell" };

const DEVICE_PAUSE_MS = 1000;
const MANAGER_PAUSE_MS = 500;
const REPORT_EVERY = 5;
const AUTHENTICATE_EVERY = 20;

let waits: number[] = [];
let errors: string[] = [];

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  try {
    await work();
  } catch (error) {
    errors.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
  waits.push(performance.now() - started);
}

async function liveDevice(url: string, plan: HonestPlan["devices"][number]): Promise<never> {
  const { identity, privatePem, tenantToken } = plan;
  const keys = loadDeviceKeys(privatePem);
  const device = new SimulatedDevice({ serverUrl: url, identity, keys, tenantToken, deviceType: "pi4" });
  await wait(Math.random() * DEVICE_PAUSE_MS);
  for (let turn = 0; ; turn++) {
    if (turn % AUTHENTICATE_EVERY === 0)
      await timed("authentication", async () => {
        if (!(await device.authenticate())) throw new Error("not let in");
      });
    if (turn % REPORT_EVERY === 1)
      await timed("inventory", () => device.reportInventory([{ name: "turn", value: turn }]));
    await timed("check", () => device.askForUpdate());
    await wait(DEVICE_PAUSE_MS * (0.5 + Math.random()));
  }
}

const ASKS: [method: string, path: string, body?: object][] = [
  ["GET", "/api/management/v2/devauth/devices?per_page=20"],
  ["GET", "/api/management/v1/inventory/devices?per_page=20"],
  [
    "POST",
    "/api/management/v2/inventory/filters/search",
    { filters: [{ scope: "inventory", attribute: "device_type", type: "$eq", value: "pi4" }] },
  ],
  ["GET", "/api/management/v1/deployments/deployments?per_page=20"],
  ["GET", "/api/management/v1/useradm/users/me"],
];

async function liveManager(url: string, token: string): Promise<never> {
  const wire = new Wire(url);
  for (let turn = 0; ; turn++) {
    const [method, path, body] = ASKS[turn % ASKS.length]!;
    await timed(`${method} ${path}`, async () => {
      const { status, text } = await wire.json(method, path, token, body);
      if (status !== 200) throw new Error(`${status} ${text}`);
    });
    await wait(MANAGER_PAUSE_MS * (0.5 + Math.random()));
  }
}

/** What was met since this was asked last. */
function met(): Met {
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const told = { requests: sorted.length, errors, p50: at(0.5), p99: at(0.99), max: at(1) };
  [waits, errors] = [[], []];
  return told;
}

process.on("message", (order: HonestOrder) => {
  if (order.do === "tell") {
    process.send?.(met());
    return;
  }
  const { url, devices, managers } = order.plan;
  for (const device of devices) void liveDevice(url, device);
  for (const token of managers) void liveManager(url, token);
});
process.on("disconnect", () => process.exit(0));
