import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import type { Browser } from "playwright-core";
import type { SimulatedDevice } from "../../src/device-simulator/device.ts";
import { Management } from "../clients/management.ts";
import { startServer, type RunningServer } from "../clients/server.ts";
import { DESK, openTab, PHONE, startBrowser, type Tab } from "./browser.ts";
import { makeFleet } from "./fleet.ts";
import { addWebhook } from "./pages.ts";

export interface Stage {
  server: RunningServer;
  browser: Browser;
  operator: Management;
  devices: SimulatedDevice[];
  /** For what a test needs on disk. */
  folder: string;
}

let stage: Stage | undefined;
const folder = mkdtempSync(join(tmpdir(), "edgemend-console-"));

// All files run in one process, one after the other, with one server that has a small fleet, and one browser.
before(async () => {
  const data = join(folder, "server");
  mkdirSync(data);
  const [server, browser] = await Promise.all([startServer(data), startBrowser()]);
  const devices = await makeFleet(server);
  const operator = await Management.login(server);
  await addWebhook(operator);
  stage = { server, browser, folder, devices, operator };
});
after(async () => {
  await Promise.all([stage?.browser.close(), stage?.server.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

/** The same server once more, at the same addresses; `work` is done while there is none. */
export async function restartServer(work: () => Promise<void>): Promise<void> {
  const { server, folder: where } = theStage();
  await server.stop();
  await work();
  const again = await startServer(join(where, "server"), {
    port: new URL(server.url).port,
    httpsPort: new URL(server.httpsUrl).port,
  });
  theStage().server = again;
}

export function theStage(): Stage {
  if (!stage) throw new Error("the server does not run yet");
  return stage;
}

/** Does this in a tab of its own, in which nothing may go wrong. */
export async function inTab(
  work: (tab: Tab) => Promise<void>,
  {
    isFailing = false,
    admin = theStage().server.admin,
    ...how
  }: Parameters<typeof openTab>[2] & { isFailing?: boolean; admin?: RunningServer["admin"] } = {},
): Promise<void> {
  const { browser, server } = theStage();
  const tab = await openTab(browser, { url: server.url, admin }, how);
  try {
    await work(tab);
    // What a test makes fail is logged by the browser too.
    const troubles = tab
      .troubles()
      .filter((one) => !isFailing || !/Failed to load resource|WebSocket connection/.test(one));
    assert.deepEqual(troubles, []);
  } finally {
    await tab.close();
  }
}

/** Of tests that walk through all pages and change nothing: two at a time, since one waits most of its time. */
export const TWO_TABS = { concurrency: 2 } as const;

/** Every page as it is seen on a desk in the light and on a phone in the dark. */
export const VIEWS = [
  { viewport: DESK, scheme: "light" },
  { viewport: PHONE, scheme: "dark" },
] as const;
