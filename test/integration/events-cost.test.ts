import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { HANDLERS } from "../../src/app/event-handlers.ts";
import { EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import type { Deps } from "../../src/platform/deps.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { DELIVERIES_DUE, tell } from "../../src/platform/stream.ts";
import { aUser } from "../support/actors.ts";
import { rowsOf } from "../support/answers.ts";
import { dollarsOf, GOAL, OPERATIONS } from "../support/event-cost.ts";
import { many } from "../support/form.ts";
import { onlyReceivers, Receiver } from "../support/receivers.ts";
import { Server } from "../support/server.ts";

const TENANT = asTenantId("default");
const RECEIVERS = 20;
const EVENTS = many(4096, 1024);

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});
afterEach(() => vi.unstubAllGlobals());

it("a million events to 20 receivers, kept for thirty days, cost no more than $1.50", async () => {
  const admin = await aUser(server);
  const receivers = Array.from(
    { length: RECEIVERS },
    (_, i) => new Receiver(`https://hooks.example.com/${i}`),
  );
  onlyReceivers(...receivers);
  for (const { url } of receivers)
    await server.call("POST", "/api/management/v1/webhooks", {
      token: admin.token,
      json: { name: url, types: ["*"], target: url, batch: 100 },
    });
  const deps: Deps = await server.deps();
  const atWork: Promise<unknown>[] = [];
  deps.later = (work) => void atWork.push(work);

  for (let i = 0; i < EVENTS; i++)
    await deps
      .db(TENANT)
      .batch(
        tell(
          TENANT,
          [{ type: "configuration.applied", device: `device-${i % 500}`, data: { keys: ["interval"] } }],
          server.now,
        ),
      );
  const told = { ...deps.cost };
  const messages = await rowsOf("SELECT subject FROM outbox");
  expect(messages).toHaveLength(RECEIVERS);
  for (const { subject } of messages) {
    const event = {
      tenant: TENANT,
      id: "",
      kind: DELIVERIES_DUE,
      subject: String(subject),
      atMs: server.now,
    };
    for (const handle of HANDLERS[DELIVERIES_DUE]) await handle(deps, event);
  }
  await Promise.all(atWork);
  expect(
    receivers.every(({ got }) => got.flatMap(({ body }) => JSON.parse(body) as object[]).length === EVENTS),
  ).toBe(true);
  const delivered = { ...deps.cost };
  server.advance(31 * 86_400_000);
  await runSweeps(deps, { "forget-events": EVERY_NIGHT["forget-events"]! });
  const forgotten = { ...deps.cost };

  // An outbox row is made, marked as sent, and removed.
  const outboxRows = 2 * messages.length;
  const perEvent = {
    "rows to record": told.rowsWritten / EVENTS,
    "rows to deliver": (delivered.rowsWritten - told.rowsWritten + outboxRows) / EVENTS,
    "rows to forget": (forgotten.rowsWritten - delivered.rowsWritten) / EVENTS,
    "rows read": forgotten.rowsRead / EVENTS,
    "queue operations": (messages.length * OPERATIONS) / EVENTS,
  };
  const dollars = dollarsOf({
    rowsWritten: perEvent["rows to record"] + perEvent["rows to deliver"] + perEvent["rows to forget"],
    rowsRead: perEvent["rows read"],
    messages: messages.length / EVENTS,
  });
  console.log(JSON.stringify({ events: EVENTS, ...perEvent, dollars }));
  expect({ perEvent, dollars, isCheap: dollars <= GOAL }).toMatchObject({ isCheap: true });
  expect(perEvent["queue operations"] / RECEIVERS).toBeLessThan(3);
}, 120_000);
