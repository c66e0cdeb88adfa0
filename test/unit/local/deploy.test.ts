import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { namesIn, withDatabaseId, withDatabases } from "../../../src/local/deployment/configuration.ts";
import { deploy, plan, remove } from "../../../src/local/deployment/deployment.ts";
import type { Site } from "../../../src/local/deployment/steps.ts";
import type { Answer } from "../../../src/local/deployment/wrangler.ts";

const CONFIGURATION = readFileSync(join(import.meta.dirname, "../../../wrangler.toml"), "utf8");

const READS = new Set([
  "whoami --json",
  "d1 list --json",
  "r2 bucket list",
  "queues list",
  "secret list --format json",
]);

const idOf = (made: number) => `7b1c3f0e-0000-4000-8000-1234567890a${"bcd"[made]}`;

/** An account of the platform as wrangler shows it. Keeps what was made, and records every change. */
class Account {
  isLoggedIn = true;
  readonly buckets = new Set<string>();
  readonly queues = new Set<string>();
  readonly databases = new Map<string, string>();
  readonly secrets = new Set<string>();
  isDeployed = false;
  configuration = CONFIGURATION;
  readonly calls: string[] = [];
  /** The first command that begins so fails, once. */
  failsAt: string | undefined;

  get changes(): string[] {
    return this.calls.filter((call) => !READS.has(call));
  }

  get site(): Site {
    return {
      wrangler: async (args) => this.#answer(args),
      names: namesIn(this.configuration),
      configuration: { read: () => this.configuration, write: (text) => (this.configuration = text) },
      secrets: () => ({ SIGNING_KEY: "key", OPERATOR_TOKEN: "token" }),
      withSecretsFile: (secrets, use) => {
        for (const name of Object.keys(secrets)) this.secrets.add(name);
        return use(`{${Object.keys(secrets).join()}}`);
      },
    };
  }

  #answer(args: readonly string[]): Answer {
    const command = args.join(" ");
    this.calls.push(command);
    if (this.failsAt !== undefined && command.startsWith(this.failsAt)) {
      this.failsAt = undefined;
      return { code: 1, text: "a notice\nA request to the platform failed [code: 10001]" };
    }
    return this.#done(args, command);
  }

  #done(args: readonly string[], command: string): Answer {
    const name = args.at(-1)!;
    const ok = (text = "") => ({ code: 0, text });
    if (!this.isLoggedIn) return { code: 1, text: "You are not authenticated." };
    if (command === "d1 list --json")
      return ok(`notice\n${JSON.stringify([...this.databases].map(([of, uuid]) => ({ name: of, uuid })))}`);
    if (command === "r2 bucket list")
      return ok([...this.buckets].map((of) => `name:           ${of}`).join("\n"));
    if (command === "queues list") return ok([...this.queues].map((of) => `│ 1 │ ${of} │`).join("\n"));
    if (command.startsWith("secret list"))
      return this.isDeployed
        ? ok(JSON.stringify([...this.secrets].map((of) => ({ name: of, type: "secret_text" }))))
        : { code: 1, text: "Worker not found" };
    if (command.startsWith("r2 bucket create")) this.buckets.add(name);
    if (command.startsWith("queues create")) this.queues.add(name);
    if (command.startsWith("d1 create")) this.databases.set(name, idOf(this.databases.size));
    if (args[0] !== "deploy") return ok("{}");
    this.isDeployed = true;
    return ok("Uploaded edgemend\n  https://edgemend.somebody.workers.dev\n  schedule: * * * * *");
  }
}

const FIRST = [
  "r2 bucket create edgemend-artifacts",
  "queues create edgemend-jobs",
  "queues create edgemend-jobs-dead",
  "d1 create edgemend",
  "d1 migrations apply edgemend --remote",
  "deploy --secrets-file {SIGNING_KEY,OPERATOR_TOKEN}",
];
const UPGRADE = ["d1 migrations apply edgemend --remote", "deploy"];

const said: string[] = [];
const say = (line: string) => void said.push(line);

describe("a deployment", () => {
  it("makes everything the first time, and next time only what changes", async () => {
    const account = new Account();
    expect(await deploy(account.site, say)).toBe("https://edgemend.somebody.workers.dev");
    expect(account.changes).toEqual(FIRST);
    expect(namesIn(account.configuration).databases).toEqual([
      { binding: "DB", name: "edgemend", id: "7b1c3f0e-0000-4000-8000-1234567890ab" },
    ]);
    account.calls.length = 0;
    const before = account.configuration;
    await deploy(account.site, say);
    expect(account.changes).toEqual(UPGRADE);
    expect(account.configuration).toBe(before);
  });

  it.each(FIRST)("that failed at %s is finished by the next one", async (command) => {
    const account = new Account();
    account.failsAt = command;
    await expect(deploy(account.site, say)).rejects.toThrow(
      /failed:\na notice\nA request to the platform failed/,
    );
    await deploy(account.site, say);
    expect(new Set(account.changes)).toEqual(new Set(FIRST));
    expect(account.changes.filter((call) => call === command)).toHaveLength(2);
    expect([account.isDeployed, [...account.secrets].toSorted()]).toEqual([
      true,
      ["OPERATOR_TOKEN", "SIGNING_KEY"],
    ]);
  });

  it("goes on if somebody else has made a queue meanwhile", async () => {
    const account = new Account();
    const { site } = account;
    const wrangler: Site["wrangler"] = async (args) =>
      args[0] === "queues" && args[1] === "create"
        ? { code: 1, text: "Queue name 'edgemend-jobs' is already taken. [code: 11009]" }
        : site.wrangler(args);
    await deploy({ ...site, wrangler }, say);
    expect(account.isDeployed).toBe(true);
  });

  it("leaves secrets that are there as they are", async () => {
    const account = new Account();
    account.isDeployed = true;
    account.secrets.add("SIGNING_KEY");
    await deploy(account.site, say);
    expect(account.changes.at(-1)).toBe("deploy --secrets-file {OPERATOR_TOKEN}");
  });

  it("ends with one line if nobody is logged in", async () => {
    const account = new Account();
    account.isLoggedIn = false;
    await expect(deploy(account.site, say)).rejects.toThrow(/^nobody is logged in to Cloudflare: [^\n]+$/);
    expect(account.changes).toEqual([]);
  });
});

describe("several databases", () => {
  const THREE = ["edgemend", "edgemend-2", "edgemend-3"];

  it("are made, bound, named by their ids and migrated, and stay", async () => {
    const account = new Account();
    await deploy(account.site, say);
    account.calls.length = 0;
    account.configuration = withDatabases(account.configuration, 3);
    await deploy(account.site, say);
    expect(account.changes).toEqual([
      "d1 create edgemend-2",
      "d1 create edgemend-3",
      ...THREE.map((name) => `d1 migrations apply ${name} --remote`),
      "deploy",
    ]);
    expect(namesIn(account.configuration).databases).toEqual(
      THREE.map((name, i) => ({ binding: i === 0 ? "DB" : `DATA_${i + 1}`, name, id: idOf(i) })),
    );
    expect(withDatabases(account.configuration, 3)).toBe(account.configuration);
    expect(withDatabases(account.configuration, 1)).toBe(account.configuration);
  });

  it("leave the rest of the configuration as it was", () => {
    const more = withDatabases(CONFIGURATION, 2);
    expect(namesIn(more)).toMatchObject({ ...namesIn(CONFIGURATION), databases: [{}, {}] });
    expect(more.replace(/\[\[d1_databases\]\]\nbinding = "DATA_2"[\s\S]*?\n\n/, "")).toBe(CONFIGURATION);
  });

  it("go with everything else", async () => {
    const account = new Account();
    account.configuration = withDatabases(account.configuration, 3);
    await remove(account.site, "edgemend.somebody.workers.dev", say);
    expect(account.changes.filter((call) => call.startsWith("d1"))).toEqual(
      THREE.map((name) => `d1 delete ${name} --skip-confirmation`),
    );
  });
});

describe("a plan", () => {
  const planOf = async (account: Account): Promise<string[]> => {
    said.length = 0;
    await plan(account.site, say);
    expect(account.changes).toEqual([]);
    return said.filter((line) => line.startsWith("  ")).map((line) => line.trim().split(/\s+/)[0]!);
  };

  it("says what would be done, and changes nothing", async () => {
    const account = new Account();
    expect(await planOf(account)).toEqual(Array(7).fill("do"));
    await deploy(account.site, say);
    account.calls.length = 0;
    expect(await planOf(account)).toEqual([...Array(5).fill("there"), "do", "do"]);
  });

  it("is for an empty account if nobody is logged in", async () => {
    const account = new Account();
    account.isLoggedIn = false;
    expect(await planOf(account)).toEqual(Array(7).fill("do"));
    expect(account.calls).toEqual(["whoami --json"]);
  });
});

describe("a removal", () => {
  it("takes everything away that the configuration names", async () => {
    const account = new Account();
    await remove(account.site, "edgemend.somebody.workers.dev", say);
    expect(account.changes).toEqual([
      "delete --name edgemend --force",
      "queues delete edgemend-jobs",
      "queues delete edgemend-jobs-dead",
      "d1 delete edgemend --skip-confirmation",
      "r2 bucket delete edgemend-artifacts",
    ]);
  });

  it("goes on after what cannot be removed yet, and tells it", async () => {
    const account = new Account();
    account.failsAt = "queues delete edgemend-jobs";
    await expect(remove(account.site, "edgemend.somebody.workers.dev", say)).rejects.toThrow(
      /^not removed:\n {2}queues delete edgemend-jobs: A request/,
    );
    expect(account.changes).toHaveLength(5);
  });

  it.each(["", "other.somebody.workers.dev"])("is of the Worker that is named: %j", async (host) => {
    const account = new Account();
    await expect(remove(account.site, host, say)).rejects.toThrow("the Worker of wrangler.toml is edgemend");
    expect(account.changes).toEqual([]);
  });
});

it("the id of the database is put where wrangler reads it, and nothing else is changed", () => {
  const [there] = namesIn(CONFIGURATION).databases;
  const changed = withDatabaseId(CONFIGURATION, "edgemend", "some-id");
  expect(namesIn(changed)).toEqual({
    ...namesIn(CONFIGURATION),
    databases: [{ ...there, id: "some-id" }],
  });
  expect(withDatabaseId(changed, "edgemend", there!.id)).toBe(CONFIGURATION);
  expect(withDatabaseId(CONFIGURATION, "another", "some-id")).toBe(CONFIGURATION);
});
