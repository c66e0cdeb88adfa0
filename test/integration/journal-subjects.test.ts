import { beforeAll, describe, expect, it } from "vitest";
import { counterColumn, STATUSES } from "../../src/deployments/status.ts";
import { TIMED } from "../../src/deployments/store/status-transitions.ts";
import { TENANT_TABLES } from "../../src/tenantdata/index.ts";
import { NOT_JOURNALED, SUBJECTS } from "../../src/tenantdata/journal/subjects.ts";
import { journalTriggers } from "../support/journal-triggers.ts";
import { env, Server } from "../support/server.ts";

beforeAll(async () => {
  await Server.start();
});

async function all<T>(query: string, ...values: unknown[]): Promise<T[]> {
  const { results } = await env.DB.prepare(query)
    .bind(...values)
    .all<T>();
  return results;
}

const journaled = SUBJECTS.flatMap((subject) => subject.tables.map((table) => ({ ...table, subject })));

describe("the subjects of a journal", () => {
  it("are all records of a tenant's home that are not left out for a reason", () => {
    const records = TENANT_TABLES.filter(({ kind, place }) => kind === "record" && place !== "directory");
    const told = [...journaled.map(({ name }) => name), ...Object.keys(NOT_JOURNALED)];
    expect(told.toSorted()).toEqual(records.map(({ name }) => name).toSorted());
    expect(new Set(SUBJECTS.map(({ name }) => name)).size).toBe(SUBJECTS.length);
  });

  it("have the triggers that their list makes", async () => {
    const found = await all<{ sql: string }>(
      "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'journal_*' AND name <> 'journal_touched'",
    );
    expect(found.map(({ sql }) => sql).toSorted()).toEqual(journalTriggers().toSorted());
  });

  it("name columns that are there, and all that a change is watched by or left out on purpose", async () => {
    const STAMPS: Readonly<Record<string, readonly string[]>> = {
      devices: ["seen_ms"],
      inventory_devices: ["device_no", "check_in_ms", "pledge"],
      device_configurations: ["reported_ms"],
      failure_groups: ["last_ms"],
      // What the rows of devices say.
      deployment_counters: [
        "stage, wide_open, finished_ms, remaining, unseen, joined, total_size, pace_minute, pace_count".split(
          ", ",
        ),
        TIMED.flatMap((status) => [`${status}_ms`, `${status}_left`]),
        STATUSES.map(counterColumn),
      ].flat(),
    };
    for (const { name, subject, watched, compared, told } of journaled) {
      const columns = (await all<{ name: string }>("SELECT name FROM pragma_table_info(?)", name)).map(
        (column) => column.name,
      );
      expect(columns).toEqual(expect.arrayContaining([...subject.key]));
      const seen = watched ?? compared ?? told;
      const named = ["tenant_id", ...subject.key, ...(STAMPS[name] ?? []), ...(seen ?? [])];
      if (seen) expect([name, [...new Set(named)].toSorted()]).toEqual([name, columns.toSorted()]);
      else expect(STAMPS).not.toHaveProperty(name);
    }
  });
});
