import { guardedBucket } from "../platform/bucket.ts";
import { systemNow } from "../platform/clock.ts";
import { settleHomes, settlingAfter } from "../platform/bring-home.ts";
import { contactsOf, knownSetsOf, nearReportsOf, tellHeads } from "../checkin/index.ts";
import { mailerOf } from "../mail/index.ts";
import { Database, noCost, type Announce } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import { FIRST_HOME, homesOf } from "../platform/homes.ts";
import { loadKeys } from "../platform/keys.ts";
import { makeLater, type Later } from "../platform/later.ts";
import { makeLog } from "../platform/log.ts";
import { openDirectory, openHome } from "../platform/open-home.ts";
import { scryptOf } from "../platform/scrypt.ts";
import { count } from "../usage/index.ts";
import { PARTICIPANTS } from "./participants.ts";
import { WORKFLOW_FUNCTIONS } from "./workflow-functions.ts";

export interface DepsOptions {
  requestId: string;
  origin: string;
  later: (work: Promise<unknown>) => void;
  /** Default: by `later` and the platform's timer. */
  after?: Later["after"] | undefined;
  network?: (() => Promise<string | undefined>) | undefined;
  now?: (() => number) | undefined;
}

export async function makeDeps(env: Env, options: DepsOptions): Promise<Deps> {
  const settings = settingsOf(env);
  const cost = noCost();
  const log = makeLog({ request_id: options.requestId });
  const now = options.now ?? systemNow;
  const later = makeLater(options.later);
  const after = options.after ?? later.after;
  const homes = homesOf(env);
  const announce: Announce = (changes) => tellHeads(env, changes, { cost, log });
  const followers = { announce };
  const directory = openDirectory(
    env,
    cost,
    homes.isSpread
      ? { announce, after: settlingAfter({ env, log, now, eventsIn: cost.eventsIn }) }
      : followers,
  );
  return {
    db: homes.isSpread ? (tenant) => openHome(env, tenant, { now, cost, followers }) : () => directory,
    directory,
    databases: (which) =>
      [...homes.databases].flatMap(([name, d1]) =>
        which === "all" || homes.names.includes(name)
          ? [{ name, d1, db: name === FIRST_HOME ? directory : new Database(d1, cost, followers) }]
          : [],
      ),
    homes,
    settleHomes: () => settleHomes({ env, log, now, eventsIn: cost.eventsIn }),
    bucket: guardedBucket(env.ARTIFACTS),
    jobs: env.JOBS,
    mailer: mailerOf(env, { server: settings.SMTP_URL, now }),
    connections: env.DEVICE_CONNECTION,
    heads: env.TENANT_HEAD,
    contacts: contactsOf(env, { now, later: { ...later, after }, cost, log }),
    knownSets: knownSetsOf(env, { now, later, cost, log }),
    nearReports: nearReportsOf(env, { now, later: { ...later, after }, cost }),
    keys: await loadKeys(env.SIGNING_KEY, env.SIGNING_KEY_FALLBACK),
    participants: PARTICIPANTS,
    workflowFunctions: WORKFLOW_FUNCTIONS,
    settings,
    now,
    log,
    cost,
    count: (tenant, used) => count(env, tenant, used, { nowMs: now(), later: { after } }),
    origin: settings.PUBLIC_ORIGIN ?? options.origin,
    network: options.network ?? (async () => undefined),
    scrypt: scryptOf(env.HOST_PROCESS),
    later: options.later,
    after,
  };
}
