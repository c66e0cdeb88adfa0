import { z } from "zod";
import type { DeviceConnection } from "../../durable-objects/device-connection.ts";
import type { TenantHead } from "../../durable-objects/tenant-head.ts";
import { networkOf } from "./network.ts";

/** What the platform hands to the Worker; read by `settings` and `makeDeps` and nowhere else. */
export interface Env {
  DB: D1Database;
  ARTIFACTS: R2Bucket;
  JOBS: Queue<unknown>;
  DEVICE_CONNECTION: DurableObjectNamespace<DeviceConnection>;
  TENANT_HEAD: DurableObjectNamespace<TenantHead>;
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
  /** Address that the local TLS listener passes requests on to. */
  LOCAL_ADDRESS?: string;
  /** The process around a local server: tells whose connection one is, and derives keys from passwords. */
  HOST_PROCESS?: Fetcher;
  /** Addresses of the operator's own proxies in front of a local server, separated by commas: whom they name is believed. */
  TRUSTED_PROXIES?: string;
  /** Cost of password hashes: the power of two that scrypt takes as N. */
  PASSWORD_COST_LN?: string;
  /** Origin put into links, for example `https://updates.example.com`; default: the request's own. */
  PUBLIC_ORIGIN?: string;
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
  /** `send_email` binding for mail tasks of workflows; without it they fail and say so. */
  EMAIL?: SendEmail;
}

const seconds = (fallback: number) => z.coerce.number().int().positive().default(fallback);

const linkLife = (fallback: number) => z.coerce.number().int().min(60).max(86_400).default(fallback);
const count = (fallback: number) => z.coerce.number().int().min(0).default(fallback);
const bytes = (fallback: number) => z.coerce.number().int().positive().default(fallback);

const SettingsSchema = z.object({
  LOCAL: z
    .enum(["true", "false"])
    .default("false")
    .transform((value) => value === "true"),
  LOCAL_HTTPS_PORT: z.string().optional(),
  LOCAL_ADDRESS: z.string().optional(),
  TRUSTED_PROXIES: z
    .string()
    .default("")
    .transform((text) => text.split(",").flatMap((address) => networkOf(address) ?? [])),
  PASSWORD_COST_LN: z.coerce.number().int().min(10).max(16).default(15),
  OPERATOR_TOKEN: z.string().min(16).optional(),
  PUBLIC_ORIGIN: z.url().optional(),
  ALLOWED_ORIGINS: z
    .string()
    .default("")
    .transform((text) =>
      text
        .split(",")
        .map((origin) => origin.trim())
        .filter((origin) => origin !== ""),
    ),
  RECORDING_LIFE_S: seconds(30 * 86_400),
  AUDIT_LIFE_S: seconds(365 * 86_400),
  MAX_DEVICE_FILE_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(1024 ** 3),
  CHECK_MODE: z.enum(["auto", "strict", "relaxed"]).default("auto"),
  RELAXED_ABOVE_PER_S: z.coerce.number().positive().default(200),
  DEVICE_REQUESTS_PER_MINUTE: count(240),
  ADDRESS_REQUESTS_PER_MINUTE: count(12_000),
  WAITING_PER_ADDRESS_PER_HOUR: count(300),
  TENANT_WORK_PER_S: count(1000),
  TENANT_WORK_AT_ONCE: count(64),
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
        ctx.addIssue({ code: "custom", message: "must be a JSON object of texts" });
        return z.NEVER;
      }
    })
    .pipe(z.record(z.string(), z.string())),
  WORKFLOW_HTTP_TIMEOUT_S: z.coerce.number().int().min(1).max(600).default(60),
});

export type Settings = z.output<typeof SettingsSchema>;

const parsed = new WeakMap<Env, Settings>();

/** The typed settings of this deployment; throws on a value that does not parse, before anything is served. */
export function settingsOf(env: Env): Settings {
  const known = parsed.get(env);
  if (known) return known;
  const settings = SettingsSchema.parse(env);
  parsed.set(env, settings);
  return settings;
}
