import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import type { Browser } from "playwright-core";
import { startServer, type RunningServer } from "../clients/server.ts";
import { DESK, openTab, PHONE, startBrowser, type Tab } from "./browser.ts";
import { makeFleet } from "./fleet.ts";

export interface Stage {
  server: RunningServer;
  browser: Browser;
}

/** A server with a small fleet, and a browser, for the tests of one file. */
export function aStage(fleet: Parameters<typeof makeFleet>[1] = {}): () => Stage {
  let stage: Stage | undefined;
  const folder = mkdtempSync(join(tmpdir(), "edgemend-console-"));
  before(async () => {
    const server = await startServer(folder);
    stage = { server, browser: await startBrowser() };
    await makeFleet(server, fleet);
  });
  after(async () => {
    await stage?.browser.close();
    await stage?.server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (!stage) throw new Error("the server does not run yet");
    return stage;
  };
}

/** Does this in a tab of its own, in which nothing may go wrong. */
export async function inTab(
  { browser, server }: Stage,
  work: (tab: Tab) => Promise<void>,
  how: Parameters<typeof openTab>[2] = {},
): Promise<void> {
  const tab = await openTab(browser, server, how);
  try {
    await work(tab);
    assert.deepEqual(tab.troubles(), []);
  } finally {
    await tab.close();
  }
}

/** Every page as it is seen on a desk in the light and on a phone in the dark. */
export const VIEWS = [
  { viewport: DESK, scheme: "light" },
  { viewport: PHONE, scheme: "dark" },
] as const;
