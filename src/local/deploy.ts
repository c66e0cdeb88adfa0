import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openDataFolder, writePrivately } from "./data-folder.ts";
import { namesIn, readConfiguration, withDatabases, writeConfiguration } from "./deployment/configuration.ts";
import { deploy, plan, remove } from "./deployment/deployment.ts";
import type { Site } from "./deployment/steps.ts";
import { wranglerOf } from "./deployment/wrangler.ts";
import { readFlags, textFlag, UsageError } from "./flags.ts";
import { OperatorClient } from "./operator-client.ts";
import { newToken, openSecrets } from "./secrets.ts";

const USAGE = `usage: npm run deploy -- [--plan] [--databases N] [--url URL] [--email EMAIL] [--keys DIR]
       npm run deploy -- --remove --host HOST

Puts the server on Cloudflare, the first time and at each upgrade: makes what is missing (bucket, queues, databases, secrets),
applies migrations, uploads, waits until it answers, makes the first user. Safe to repeat.

  --databases N   has so many databases bound, which wrangler.toml keeps (docs/databases.md)
  --plan          says what would be done, and does nothing
  --url URL       where it is served, if not at workers.dev
  --email EMAIL   makes a first user with a password that is printed once
  --keys DIR      keeps the signing key and the operator token (default .edgemend/deployed)
  --remove        takes everything away that wrangler.toml names; --host says of which Worker
`;

const READY_WITHIN_MS = 90_000;
const PAUSE_MS = 2000;

const MOST_DATABASES = 1000;

function databasesOf(text: string | undefined): number {
  if (text === undefined) return 1;
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > MOST_DATABASES)
    throw new UsageError(`--databases must be a number from 1 to ${MOST_DATABASES}, not ${text}`);
  return count;
}

/** The configuration with so many databases at least; a plan leaves the file as it is. */
function configurationWith(databases: number, isPlan: boolean): Site["configuration"] {
  const text = withDatabases(readConfiguration(), databases);
  if (isPlan) return { read: () => text, write: () => {} };
  if (text !== readConfiguration()) writeConfiguration(text);
  return { read: readConfiguration, write: writeConfiguration };
}

function siteOf(keys: string, configuration: Site["configuration"]): Site {
  return {
    wrangler: wranglerOf(),
    names: namesIn(configuration.read()),
    configuration,
    secrets: () => {
      const { signingKey, operatorToken } = openSecrets(openDataFolder(keys), undefined);
      return { SIGNING_KEY: signingKey, OPERATOR_TOKEN: operatorToken };
    },
    withSecretsFile: async (secrets, use) => {
      const scratch = mkdtempSync(join(tmpdir(), "edgemend-"));
      try {
        const file = join(scratch, "secrets.json");
        writePrivately(file, JSON.stringify(secrets));
        return await use(file);
      } finally {
        rmSync(scratch, { recursive: true });
      }
    },
  };
}

async function waitUntilReady(url: string): Promise<void> {
  const endsAt = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const isReady = await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    if (Date.now() > endsAt)
      throw new UsageError(`${url}/healthz does not answer; npx wrangler tail shows why`);
    await wait(PAUSE_MS);
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function run(args: string[]): Promise<void> {
  const { flags } = readFlags(args, {
    plan: { type: "boolean" },
    databases: { type: "string" },
    remove: { type: "boolean" },
    host: { type: "string" },
    url: { type: "string" },
    email: { type: "string" },
    keys: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (flags.help) return say(USAGE.trimEnd());
  const keys = resolve(textFlag(flags, "keys") ?? ".edgemend/deployed");
  const databases = databasesOf(textFlag(flags, "databases"));
  const site = siteOf(keys, configurationWith(databases, flags.plan === true));
  if (flags.plan) return plan(site, say);
  if (flags.remove) return remove(site, textFlag(flags, "host") ?? "", say);
  const address = await deploy(site, say);
  const url = textFlag(flags, "url") ?? address;
  if (url === undefined)
    throw new UsageError("deployed; --url says where it is served, so that it can be checked");
  await waitUntilReady(url);
  say(`\nEdgemend answers at ${url}`);
  say(`  Keys       ${keys}   (the signing key is not stored anywhere else: keep a copy)`);
  const email = textFlag(flags, "email");
  if (email === undefined)
    return say(`  Next       npm run deploy -- --email you@example.com makes a first user`);
  const password = newToken();
  await new OperatorClient(url, openSecrets(openDataFolder(keys), undefined).operatorToken).call(
    "POST",
    "/users",
    {
      email,
      password,
    },
  );
  say(`  Login      ${email}\n  Password   ${password}   (shown this once)`);
}

try {
  await run(process.argv.slice(2));
} catch (cause) {
  if (!(cause instanceof UsageError)) throw cause;
  process.stderr.write(`${cause.message}\n`);
  process.exitCode = 1;
}
