import { type DatabaseName, type Names, withDatabaseId } from "./configuration.ts";
import { jsonIn, must, type Wrangler } from "./wrangler.ts";

/** What a deployment works on; tests give their own. */
export interface Site {
  wrangler: Wrangler;
  names: Names;
  /** Of the configuration that wrangler reads. */
  configuration: { read: () => string; write: (text: string) => void };
  /** Secrets that the server must have, made once and kept on this machine. */
  secrets: () => Record<string, string>;
  /** Gives them to wrangler in a file that is gone afterwards. */
  withSecretsFile: <T>(secrets: Record<string, string>, use: (file: string) => Promise<T>) => Promise<T>;
}

export interface Step {
  /** As the plan tells it. */
  what: string;
  /** Undefined if there is nothing to do. */
  todo: (site: Site) => Promise<(() => Promise<void>) | undefined>;
}

/** Whether a listing names it, as a whole word. */
const isListed = (text: string, name: string): boolean =>
  new RegExp(`(^|[^\\w-])${name.replaceAll(/[^\w-]/g, "\\$&")}([^\\w-]|$)`, "m").test(text);

/** Listings come in pages, and somebody may have made it meanwhile. */
const IS_THERE = /already (exists|taken|own)|is already/i;

async function create(wrangler: Wrangler, args: readonly string[]): Promise<void> {
  const { code, text } = await wrangler(args);
  if (code !== 0 && !IS_THERE.test(text)) await must(async () => ({ code, text }), args);
}

interface Database {
  name: string;
  uuid: string;
}

async function databaseId({ wrangler }: Site, wanted: string): Promise<string | undefined> {
  const list = jsonIn(await must(wrangler, ["d1", "list", "--json"])) as Database[];
  return list.find(({ name }) => name === wanted)?.uuid;
}

const bucket = ({ bucket: name }: Names): Step => ({
  what: `bucket ${name}`,
  todo: async ({ wrangler }) => {
    if (isListed(await must(wrangler, ["r2", "bucket", "list"]), name)) return undefined;
    return () => create(wrangler, ["r2", "bucket", "create", name]);
  },
});

const queue = (name: string): Step => ({
  what: `queue ${name}`,
  todo: async ({ wrangler }) => {
    if (isListed(await must(wrangler, ["queues", "list"]), name)) return undefined;
    return () => create(wrangler, ["queues", "create", name]);
  },
});

const database = ({ name }: DatabaseName): Step => ({
  what: `database ${name}`,
  todo: async (site) => {
    if ((await databaseId(site, name)) !== undefined) return undefined;
    return () => create(site.wrangler, ["d1", "create", name]);
  },
});

/** Of the account that is logged in: another one has other ids. */
const namedDatabase = ({ name }: DatabaseName): Step => ({
  what: `the id of database ${name} in wrangler.toml`,
  todo: async (site) => {
    const id = await databaseId(site, name);
    const text = site.configuration.read();
    if (id !== undefined && withDatabaseId(text, name, id) === text) return undefined;
    return async () => {
      const made = id ?? (await databaseId(site, name));
      if (made === undefined) throw new Error(`the account has no database ${name}`);
      site.configuration.write(withDatabaseId(site.configuration.read(), name, made));
    };
  },
});

/** Before the code that needs them: what serves meanwhile knows nothing of what they add. */
const migrations = ({ name }: DatabaseName): Step => ({
  what: `migrations of database ${name}`,
  todo:
    async ({ wrangler }) =>
    async () => {
      await must(wrangler, ["d1", "migrations", "apply", name, "--remote"]);
    },
});

/** A Worker that is not there yet has no secrets. */
async function missingSecrets({ wrangler, secrets }: Site): Promise<Record<string, string>> {
  const { code, text } = await wrangler(["secret", "list", "--format", "json"]);
  const there = code === 0 ? (jsonIn(text) as { name: string }[]).map(({ name }) => name) : [];
  return Object.fromEntries(Object.entries(secrets()).filter(([name]) => !there.includes(name)));
}

/** Secrets go with the code, so that no version serves without them. */
const code = ({ worker }: Names): Step => ({
  what: `Worker ${worker} with its static files, and secrets that it has not`,
  todo: async (site) => async () => {
    const secrets = await missingSecrets(site);
    if (Object.keys(secrets).length === 0) {
      await must(site.wrangler, ["deploy"]);
      return;
    }
    await site.withSecretsFile(secrets, (file) => must(site.wrangler, ["deploy", "--secrets-file", file]));
  },
});

/** In their order: what a later one needs an earlier one makes. Each may be done again. */
export const stepsFor = (names: Names): Step[] => [
  bucket(names),
  ...names.queues.map(queue),
  ...names.databases.flatMap((one) => [database(one), namedDatabase(one)]),
  ...names.databases.map(migrations),
  code(names),
];

/** What takes an installation away, in the order that the platform allows. */
export const removalsOf = ({ worker, queues, databases, bucket: bytes }: Names): string[][] => [
  ["delete", "--name", worker, "--force"],
  ...queues.map((queueName) => ["queues", "delete", queueName]),
  ...databases.map(({ name }) => ["d1", "delete", name, "--skip-confirmation"]),
  ["r2", "bucket", "delete", bytes],
];
