/** A real Prometheus reads the numbers of a running server, and takes the rules for its alerts. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { cleanUp, LocalServer, newFolder } from "../local/server-process.ts";

const RULES = resolve(import.meta.dirname, "../../ops/alerts.yml");
const PATIENCE_MS = 30_000;

after(cleanUp);

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

const configuration = (host: string, token: string): string => `
global: { scrape_interval: 1s, evaluation_interval: 1s }
scrape_configs:
  - job_name: edgemend
    authorization: { credentials: "${token}" }
    static_configs: [{ targets: ["${host}"] }]
rule_files: ["${RULES}"]
`;

type Answer<T> = { data: T };

async function started(config: string) {
  const [folder, port] = [newFolder(), await freePort()];
  writeFileSync(join(folder, "prometheus.yml"), config);
  const args = ["--config.file", join(folder, "prometheus.yml"), "--storage.tsdb.path", join(folder, "data")];
  const child = spawn("prometheus", [...args, "--web.listen-address", `127.0.0.1:${port}`], {
    stdio: "ignore",
  });
  after(async () => {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  });
  /** What it answers as soon as that is what is wanted. */
  return async <T>(path: string, isThere: (data: T) => boolean): Promise<T> => {
    for (const endsAt = performance.now() + PATIENCE_MS; performance.now() < endsAt; await wait(200)) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined);
      const data = answer?.ok ? ((await answer.json()) as Answer<T>).data : undefined;
      if (data !== undefined && isThere(data)) return data;
    }
    throw new Error(`${path} is not answered as it should be`);
  };
}

void test("Prometheus reads the numbers and takes the rules", async () => {
  execFileSync("promtool", ["check", "rules", RULES], { stdio: "pipe" });
  const { ready } = await LocalServer.start(newFolder());
  const { host } = new URL(ready.url);
  const ask = await started(configuration(host, ready.operatorToken));
  type Targets = { activeTargets: { health: string; lastError: string }[] };
  const { activeTargets } = await ask<Targets>("targets", (data) => data.activeTargets[0]?.health === "up");
  assert.equal(activeTargets[0]?.lastError, "");

  for (let n = 0; n < 3; n++) await fetch(`http://${host}/api/management/v1/inventory/devices`);
  type Result = { result: { value: [number, string] }[] };
  const refused = encodeURIComponent('edgemend_requests_total{area="management",answer="4xx"}');
  const { result } = await ask<Result>(`query?query=${refused}`, (data) => data.result[0]?.value[1] === "3");
  assert.equal(result.length, 1);

  type Rules = { groups: { rules: { health: string; state: string }[] }[] };
  const { groups } = await ask<Rules>(
    "rules",
    (data) => data.groups.length === 1 && data.groups[0]!.rules.every(({ health }) => health === "ok"),
  );
  assert.deepEqual([...new Set(groups[0]?.rules.map(({ state }) => state))], ["inactive"]);
});
