import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { cleanUp, LocalServer, newFolder } from "./server-process.ts";
import { until } from "./until.ts";

afterAll(cleanUp);

function databaseOf(data: string): DatabaseSync {
  const folder = join(data, "state", "d1");
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  const tables = (path: string) => {
    const database = new DatabaseSync(path);
    const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'tenants'").get();
    if (table === undefined) database.close();
    return table === undefined ? [] : [database];
  };
  const [database] = found.filter((path) => path.endsWith(".sqlite")).flatMap(tables);
  if (!database) throw new Error("the folder has no database");
  return database;
}

interface Shown {
  id: string;
  workflow: string;
  failure: string;
  attempt: number;
}

const failedJobs = async ({ ready }: LocalServer): Promise<Shown[]> => {
  const headers = { Authorization: `Bearer ${ready.operatorToken}` };
  const answer = await fetch(`${ready.url}/api/operator/v1/jobs?status=failed`, { headers });
  return (await answer.json()) as Shown[];
};

const untilFailed = (server: LocalServer, count: number): Promise<Shown[]> =>
  until(`${count} failed jobs`, async () => {
    const jobs = await failedJobs(server);
    return jobs.length === count ? jobs : undefined;
  });

test("a server starts although what is due at a start fails, and shows the duty that does", async () => {
  const data = newFolder();
  await (await LocalServer.start(data)).stop();
  const database = databaseOf(data);
  database.exec("ALTER TABLE uploads RENAME TO lost");
  database.close();

  const server = await LocalServer.start(data);
  expect(server.stderr).toContain("what was under way is taken up later");
  const [job] = await untilFailed(server, 1);
  expect(job).toMatchObject({
    workflow: "row:duty",
    failure: expect.stringContaining("no such table: uploads"),
  });
  expect((await fetch(`${server.ready.url}/healthz`)).status).toBe(200);
  expect(await server.stop()).toBe(0);
  expect(server.stderr).not.toMatch(/^\s+at /m);

  const repaired = databaseOf(data);
  repaired.exec("ALTER TABLE lost RENAME TO uploads");
  repaired.close();
  await untilFailed(await LocalServer.start(data), 0);
});
