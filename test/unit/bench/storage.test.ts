import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { expect, it } from "vitest";
import { greatDevice } from "../../../bench/great-fleet.ts";
import type { FleetDevice } from "../../../bench/seed-inventory.ts";
import { standInPem } from "../../../bench/stand-in-keys.ts";
import { parseKey } from "../../../src/deviceauth/device-key.ts";
import { parseIdentity } from "../../../src/deviceauth/identity.ts";
import { newDeviceStatements, newSet } from "../../../src/deviceauth/transitions.ts";
import { deviceIdentityStatements, deviceStatusStatements } from "../../../src/inventory/index.ts";
import { writeChanges, writeTagsStatement } from "../../../src/inventory/store/devices.ts";
import { setGroup } from "../../../src/inventory/store/groups.ts";
import { DEFAULT_TENANT, newId, type DeviceId } from "../../../src/platform/ids.ts";
import { newPledge } from "../../../src/platform/near-reports.ts";
import type { Participants } from "../../../src/platform/participants.ts";
import type { Statement } from "../../../src/platform/statement.ts";

/** A database of 10 GB then holds 2.5 million devices. */
const MOST_BYTES = 4000;
/** Rows that a change makes longer do not fit into their full pages any more, which then are divided. */
const MOST_BYTES_AFTER_A_CHANGE = 4200;

const DEVICES = 1000;
/** So many others are admitted before a device reports for the first time. */
const BETWEEN = 20;
const EVERY_MS = 5000;
const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** A database with all migrations, in which the product's own statements are carried out. */
class Measured {
  readonly #db = new DatabaseSync(":memory:");
  readonly #prepared = new Map<string, StatementSync>();
  readonly #empty: number;

  constructor() {
    for (const name of readdirSync("migrations").sort())
      this.#db.exec(readFileSync(`migrations/${name}`, "utf8"));
    this.#empty = this.#bytes();
  }

  prepare(sql: string): StatementSync {
    const prepared = this.#prepared.get(sql) ?? this.#db.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  run(statements: readonly Statement<unknown>[]): void {
    for (const { sql, params } of statements) this.prepare(sql).run(...(params as SQLInputValue[]));
  }

  #bytes(): number {
    const of = (pragma: string) => Number(Object.values(this.#db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
    return of("page_count") * of("page_size");
  }

  bytesOfEach(devices: number): number {
    return Math.round((this.#bytes() - this.#empty) / devices);
  }
}

/** Those that write rows of devices for good. */
const PARTICIPANTS = {
  deviceChanged: [deviceStatusStatements],
  deviceAdded: [deviceIdentityStatements],
} as unknown as Participants;

function admit(db: Measured, index: number, atMs: number): DeviceId {
  const key = parseKey(standInPem(index));
  const identity = parseIdentity(JSON.stringify({ mac: `02:00:${index}` }));
  if (!key.ok || !identity.ok) throw new Error("not readable");
  const set = newSet(key.key, "standard", "accepted", atMs);
  const { device, statements } = newDeviceStatements(
    PARTICIPANTS,
    DEFAULT_TENANT,
    identity.identity,
    set,
    atMs,
  );
  db.run(statements);
  db.prepare("DELETE FROM outbox").run(); // as when all was sent
  return device.id;
}

const SEEN =
  "SELECT created_ms, report_revision, pledge FROM inventory_devices WHERE tenant_id = ? AND device_id = ?";

function report(db: Measured, device: DeviceId, attributes: FleetDevice["attributes"], atMs: number): void {
  const seen = db.prepare(SEEN).get(DEFAULT_TENANT, device) as never; // of the columns just named
  db.run([writeChanges(DEFAULT_TENANT, device, attributes, seen, newPledge(atMs), atMs)]);
}

const inScope = (attributes: FleetDevice["attributes"], scope: string): FleetDevice["attributes"] =>
  Object.fromEntries(Object.entries(attributes).filter(([key]) => key.startsWith(scope)));

it(`a device of twelve attributes, with a key of 3072 bits, takes less than ${MOST_BYTES} bytes of the database`, () => {
  const db = new Measured();
  const reporting: { device: DeviceId; of: FleetDevice }[] = [];
  const all: DeviceId[] = [];
  for (let i = 0; i < DEVICES + BETWEEN; i++) {
    const atMs = START_MS + i * EVERY_MS;
    if (i < DEVICES) reporting.push({ device: admit(db, i, atMs), of: greatDevice(i) });
    const next = i >= BETWEEN && reporting.shift();
    if (!next) continue;
    const { device, of } = next;
    all.push(device);
    report(db, device, inScope(of.attributes, "inventory-"), atMs);
    if (of.group !== null) db.run([setGroup(DEFAULT_TENANT, device, of.group)]);
    const tags = inScope(of.attributes, "tags-");
    if (Object.keys(tags).length > 0) {
      const write = { scope: "tags", mode: "merge", incoming: tags } as const;
      db.run([writeTagsStatement(DEFAULT_TENANT, device, write, { old: undefined, new: newId() }, atMs)]);
    }
  }
  expect(db.bytesOfEach(DEVICES)).toBeLessThan(MOST_BYTES);
  all.sort().forEach((device, i) => {
    report(db, device, { "inventory-temperature": [i / 100] }, START_MS + (DEVICES + i) * EVERY_MS);
  });
  expect(db.bytesOfEach(DEVICES)).toBeLessThan(MOST_BYTES_AFTER_A_CHANGE);
});
