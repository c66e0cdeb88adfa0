import { z } from "zod";
import { SmtpUrl } from "./mail-server.ts";
import { networkOf } from "./network.ts";
import { DEFAULT_TENANT } from "./ids.ts";
import { DEFAULT_PLAN, PlansSetting } from "./plans.ts";

/** What the platform hands to the Worker; read by `settings` and `makeDeps` and nowhere else. */
export interface Env {
  DB: D1Database;
  /** Further databases, in which tenants can live. */
  [data: `DATA_${string}`]: D1Database | undefined;
  ARTIFACTS: R2Bucket;
  JOBS: Queue<unknown>;
  /** The static files of the pages. */
  ASSETS: Fetcher;
  /** Who calls the objects narrows these in one helper. */
  DEVICE_CONNECTION: DurableObjectNamespace;
  TENANT_HEAD: DurableObjectNamespace;
  METER: DurableObjectNamespace;
  /** Gets the numbers of requests, too, where it is bound. */
  ANALYTICS?: AnalyticsEngineDataset;
  /** PEM private key (Ed25519 or RSA) that signs every token. A deployment without it refuses to serve. */
  SIGNING_KEY?: string;
  /** PEM private or public key that is still accepted when verifying, for rotation. */
  SIGNING_KEY_FALLBACK?: string;
  /** Opens `/api/operator` and `/api/internal`; without it those paths do not exist. */
  OPERATOR_TOKEN?: string;
  /** "true" on a server started by `npm start`: cost headers, token minting. */
  LOCAL?: string;
  /** Port of the local TLS listener: links given out over it must say https. */
  LOCAL_HTTPS_PORT?: string;
  /** Address of a local server: what links in its mails begin with, whatever `Host` a client names. */
  LOCAL_ORIGIN?: string;
  /** The process around a local server: tells whose connection one is, derives keys from passwords, keeps mails. */
  HOST_PROCESS?: Fetcher;
  /** Addresses of the operator's own proxies in front of a local server, separated by commas: whom they name is believed. */
  TRUSTED_PROXIES?: string;
  /** Cost of password hashes: the power of two that scrypt takes as N. */
  PASSWORD_COST_LN?: string;
  /** Origin put into links, for example `https://updates.example.com`; default: the request's own. */
  PUBLIC_ORIGIN?: string;
  /** Sender of mails; default: no-reply at the host of links. */
  MAIL_FROM?: string;
  /** Mail server that takes the mails: `smtps://user:password@host:465`, or `smtp://…` with STARTTLS. */
  SMTP_URL?: string;
  /** Origins besides our own that may open sockets, separated by commas. */
  ALLOWED_ORIGINS?: string;
  /** How long recordings of terminal sessions are kept. */
  RECORDING_LIFE_S?: string;
  /** How long entries of the audit log are kept. */
  AUDIT_LIFE_S?: string;
  /** Largest file that is passed on to a device. */
  MAX_DEVICE_FILE_BYTES?: string;
  /** How checks of devices are answered: `auto`, or always `strict` or `relaxed`. */
  CHECK_MODE?: string;
  /** Checks a second above which a tenant is answered in relaxed mode. */
  RELAXED_ABOVE_PER_S?: string;
  /** Requests of one device in a minute that are answered; 0 for any number. */
  DEVICE_REQUESTS_PER_MINUTE?: string;
  /** Attempts to authenticate from one address in a minute that are looked at; 0 for any number. */
  ADDRESS_REQUESTS_PER_MINUTE?: string;
  /** Devices and keys from one address in an hour that may wait for a decision; 0 for any number. */
  WAITING_PER_ADDRESS_PER_HOUR?: string;
  /** Work for the devices of one tenant that may reach the database in a second, and at once; 0 for any amount. */
  TENANT_WORK_PER_S?: string;
  TENANT_WORK_AT_ONCE?: string;
  /** Requests of one tenant's users in a second beyond which they wait, and those at once; 0 for any number. */
  TENANT_MANAGEMENT_PER_S?: string;
  TENANT_MANAGEMENT_AT_ONCE?: string;
  /** Time of the database in a second beyond which a tenant's users wait in line; 0 for any. */
  TENANT_DATABASE_MS_PER_S?: string;
  /** `on` answers what users ask from read replicas of the databases, which have to have them. */
  READ_REPLICAS?: string;
  /** Uploads of one tenant under way at once; 0 for any number. */
  TENANT_UPLOADS_AT_ONCE?: string;
  /** When devices that have nothing to do shall ask again; 0 leaves it to them. */
  STEERED_POLL_S?: string;
  DEVICE_TOKEN_LIFE_S?: string;
  USER_TOKEN_LIFE_S?: string;
  /** Life of the links given to devices, at most a day. */
  DEVICE_LINK_LIFE_S?: string;
  /** Life of the download links given to users. */
  DOWNLOAD_LINK_LIFE_S?: string;
  /** Life of the links that artifacts are uploaded by. */
  UPLOAD_LINK_LIFE_S?: string;
  /** Bytes of the largest artifact. */
  MAX_ARTIFACT_BYTES?: string;
  /** Bytes of the largest request body that reaches the server, where the platform has such a limit. */
  MAX_BODY_BYTES?: string;
  /** Bytes of the largest file that an artifact is generated from. */
  MAX_GENERATE_BYTES?: string;
  /** How long finished jobs and their results are kept. */
  JOB_LIFE_S?: string;
  /** JSON object of texts: what `${env.NAME}` stands for in workflow definitions. */
  WORKFLOW_VARIABLES?: string;
  /** Longest wait for the answer to a request of a workflow. */
  WORKFLOW_HTTP_TIMEOUT_S?: string;
  /** How long a receiver of events that was told of all waits for more before it has to be woken. */
  DELIVERY_PAUSE_MS?: string;
  /** How long a head gathers when devices were last heard of before it stores that. */
  CONTACTS_SAVE_MS?: string;
  /** `allow` lets requests that users ask for go to addresses without TLS. */
  OUTGOING_HTTP?: string;
  /** Hosts that hubs of Azure may have, separated by commas; `*` stands for a label. */
  TRUSTED_HUBS?: string;
  /** `on` lets strangers open tenants. */
  SIGN_UP?: string;
  /** Plan of such a tenant that names none. */
  SIGN_UP_PLAN?: string;
  SIGN_UPS_PER_ADDRESS_PER_HOUR?: string;
  /** Days in which a tenant that signed up has everything. */
  TRIAL_DAYS?: string;
  /** Secret key of Turnstile, which keeps robots from signing up. */
  TURNSTILE_SECRET?: string;
  /** How long a cancelled tenant goes on, and then stays suspended before it is removed. */
  TENANT_GRACE_S?: string;
  /** Whom users reach who ask for support or another plan. */
  SUPPORT_EMAIL?: string;
  /** Id of the tenant that devices without a tenant token join. */
  DEVICE_TENANT?: string;
  /** `join` lets devices with an unknown tenant token join it, too. */
  UNKNOWN_TENANT_TOKENS?: string;
  /** `off` has new tenants live in further databases than the first one; `none` where none ever lived in that, so that duties skip it. */
  DIRECTORY_TENANTS?: string;
  /** `off` keeps no journals of tenants: none of them can be restored to a minute. */
  JOURNAL?: string;
  /** JSON object of plans by name, beside or instead of the built-in ones. */
  PLANS?: string;
  /** `send_email` binding; without it a deployed server sends no mail. */
  EMAIL?: SendEmail;
}

/** Texts that are blank are no number, although `Number` takes them for 0. */
/** Well before the platform lets an idle object fall asleep. */
const LONGEST_SAVE_MS = 5000;

const asNumber = (value: unknown): unknown =>
  typeof value === "string" ? (value.trim() === "" ? Number.NaN : Number(value)) : value;

const wholeNumber = (fallback: number, least: number, most = Number.MAX_SAFE_INTEGER) => {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  const error = `must be a whole number ${range}`;
  return z
    .preprocess(asNumber, z.number({ error }).int({ error }).min(least, { error }).max(most, { error }))
    .default(fallback);
};

const rate = (fallback: number) => {
  const error = "must be a number above 0";
  return z.preprocess(asNumber, z.number({ error }).positive({ error })).default(fallback);
};

const oneOf = <const T extends [string, ...string[]]>(...values: T) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

const seconds = (fallback: number) => wholeNumber(fallback, 1);
const bytes = (fallback: number) => wholeNumber(fallback, 1);
const linkLife = (fallback: number) => wholeNumber(fallback, 60, 86_400);
const count = (fallback: number) => wholeNumber(fallback, 0);

/** Texts separated by commas. */
const texts = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text) =>
      text
        .split(",")
        .map((one) => one.trim())
        .filter((one) => one !== ""),
    );

const NO_ADDRESSES = "must be addresses separated by commas";
const NO_TEXTS = "must be a JSON object of texts";

const SettingsSchema = z.object({
  LOCAL: oneOf("true", "false")
    .default("false")
    .transform((value) => value === "true"),
  LOCAL_HTTPS_PORT: z.string().optional(),
  LOCAL_ORIGIN: z.string().optional(),
  TRUSTED_PROXIES: z
    .string()
    .default("")
    .transform((text, ctx) => {
      const addresses = text.split(",").filter((address) => address.trim() !== "");
      const networks = addresses.flatMap((address) => networkOf(address) ?? []);
      if (networks.length < addresses.length) ctx.addIssue({ code: "custom", message: NO_ADDRESSES });
      return networks;
    }),
  PASSWORD_COST_LN: wholeNumber(15, 10, 16),
  OPERATOR_TOKEN: z.string().min(16, { error: "must have at least 16 characters" }).optional(),
  PUBLIC_ORIGIN: z.url({ error: "must be an origin like https://updates.example.com" }).optional(),
  MAIL_FROM: z.email({ error: "must be an address like no-reply@example.com" }).optional(),
  SMTP_URL: SmtpUrl.optional(),
  ALLOWED_ORIGINS: texts(""),
  RECORDING_LIFE_S: seconds(30 * 86_400),
  AUDIT_LIFE_S: seconds(365 * 86_400),
  MAX_DEVICE_FILE_BYTES: bytes(1024 ** 3),
  CHECK_MODE: oneOf("auto", "strict", "relaxed").default("auto"),
  RELAXED_ABOVE_PER_S: rate(200),
  DEVICE_REQUESTS_PER_MINUTE: count(240),
  ADDRESS_REQUESTS_PER_MINUTE: count(12_000),
  WAITING_PER_ADDRESS_PER_HOUR: count(300),
  TENANT_WORK_PER_S: count(1000),
  TENANT_WORK_AT_ONCE: count(64),
  TENANT_MANAGEMENT_PER_S: count(100),
  TENANT_MANAGEMENT_AT_ONCE: count(64),
  TENANT_DATABASE_MS_PER_S: count(500),
  READ_REPLICAS: oneOf("on", "off").default("off"),
  TENANT_UPLOADS_AT_ONCE: count(32),
  STEERED_POLL_S: count(0),
  DEVICE_TOKEN_LIFE_S: seconds(604_800),
  USER_TOKEN_LIFE_S: seconds(604_800),
  DEVICE_LINK_LIFE_S: linkLife(3600),
  DOWNLOAD_LINK_LIFE_S: linkLife(900),
  UPLOAD_LINK_LIFE_S: linkLife(3600),
  MAX_ARTIFACT_BYTES: bytes(10 * 1024 ** 3),
  MAX_BODY_BYTES: bytes(Number.MAX_SAFE_INTEGER),
  MAX_GENERATE_BYTES: bytes(256 * 1024 ** 2),
  JOB_LIFE_S: seconds(30 * 86_400),
  WORKFLOW_VARIABLES: z
    .string()
    .default("{}")
    .transform((text, ctx): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        ctx.addIssue({ code: "custom", message: NO_TEXTS });
        return z.NEVER;
      }
    })
    .pipe(z.record(z.string(), z.string({ error: NO_TEXTS }), { error: NO_TEXTS })),
  WORKFLOW_HTTP_TIMEOUT_S: wholeNumber(60, 1, 600),
  DELIVERY_PAUSE_MS: wholeNumber(2000, 0, 10_000),
  CONTACTS_SAVE_MS: wholeNumber(LONGEST_SAVE_MS, 10, LONGEST_SAVE_MS),
  OUTGOING_HTTP: oneOf("refuse", "allow").default("refuse"),
  TRUSTED_HUBS: texts("*.azure-devices.net"),
  DIRECTORY_TENANTS: oneOf("on", "off", "none").default("on"),
  JOURNAL: oneOf("on", "off").default("on"),
  PLANS: PlansSetting,
  SIGN_UP: oneOf("off", "on").default("off"),
  SIGN_UP_PLAN: z.string().default(DEFAULT_PLAN),
  SIGN_UPS_PER_ADDRESS_PER_HOUR: count(5),
  TRIAL_DAYS: wholeNumber(30, 1, 3650),
  TURNSTILE_SECRET: z.string().min(1, { error: "must not be empty" }).optional(),
  TENANT_GRACE_S: seconds(30 * 86_400),
  SUPPORT_EMAIL: z.email({ error: "must be an address like support@example.com" }).optional(),
  DEVICE_TENANT: z
    .string()
    .regex(/^[0-9A-Za-z_-]{1,64}$/, { error: "must be the id of a tenant" })
    .default(DEFAULT_TENANT),
  UNKNOWN_TENANT_TOKENS: oneOf("refuse", "join").default("refuse"),
});

/** Their values are never repeated in a text that could end in a log. */
const SECRETS = ["OPERATOR_TOKEN", "SMTP_URL", "TURNSTILE_SECRET", "WORKFLOW_VARIABLES"];

/** Not among the parsed ones: keys are read where they are imported. */
const KEY_SETTINGS = ["SIGNING_KEY", "SIGNING_KEY_FALLBACK"];

export const SETTING_NAMES: readonly string[] = [...Object.keys(SettingsSchema.shape), ...KEY_SETTINGS];

type Parsed = { settings: Settings } | { problems: string[] };

function parse(values: object): Parsed {
  const result = SettingsSchema.safeParse(values);
  if (result.success) return { settings: result.data };
  const problems = new Map<string, string>(); // one for a setting is enough
  for (const { path, message } of result.error.issues) {
    const name = String(path[0]);
    const value: unknown = Object.entries(values).find(([key]) => key === name)?.[1];
    problems.set(name, `${name} ${message}${SECRETS.includes(name) ? "" : `, not ${JSON.stringify(value)}`}`);
  }
  return { problems: [...problems.values()] };
}

/** What is wrong with these values, one sentence for a setting. */
export function settingProblems(values: object): string[] {
  const result = parse(values);
  return "problems" in result ? result.problems : [];
}

export type Settings = z.output<typeof SettingsSchema>;

const parsed = new WeakMap<Env, Settings>();

/** The typed settings of this deployment; throws on a value that does not parse, before anything is served. */
export function settingsOf(env: Env): Settings {
  const known = parsed.get(env);
  if (known) return known;
  const result = parse(env);
  if ("problems" in result) throw new Error(`settings: ${result.problems.join("; ")}`);
  parsed.set(env, result.settings);
  return result.settings;
}
