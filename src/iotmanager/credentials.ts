import { z } from "@hono/zod-openapi";
import { refusedHere } from "../platform/send-outgoing.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { isTrustedHost, maskedConnectionString, parseConnectionString } from "./connection-string.ts";
import type { Provider } from "./words.ts";

const MAX_URL = 2048;
const MAX_SECRET = 1024;
const MAX_CONNECTION_STRING = 4096;

const text = (max: number) =>
  z
    .string({ error: "must be a text" })
    .max(max, { error: `the length must be no more than ${max}` })
    .optional();

/** What a provider is reached with; what must be there depends on the type. */
export const CredentialsWire = z
  .object({
    type: text(32).openapi({ description: "`sas`, `aws` or `http`" }),
    connection_string: text(MAX_CONNECTION_STRING),
    aws: z
      .object(
        {
          access_key_id: text(256),
          secret_access_key: text(256),
          region: text(64),
          device_policy_name: text(128),
        },
        { error: "must be an object" },
      )
      .optional(),
    http: z
      .object({ url: text(MAX_URL), secret: text(MAX_SECRET) }, { error: "must be an object" })
      .optional(),
  })
  .openapi("IntegrationCredentials");

export type GivenCredentials = z.output<typeof CredentialsWire>;

/** Whole and of one kind, as kept under seal. */
export type Credentials =
  | { type: "sas"; connection_string: string }
  | {
      type: "aws";
      aws: { access_key_id: string; secret_access_key: string; region: string; device_policy_name: string };
    }
  | { type: "http"; http: { url: string; secret?: string } };

export type CredentialsOf<T extends Credentials["type"]> = Extract<Credentials, { type: T }>;

const TYPE_OF = { "iot-hub": "sas", "iot-core": "aws", webhook: "http" } as const satisfies Record<
  Provider,
  Credentials["type"]
>;

const OMITTED = "<omitted>";
/** As an address writes it. */
const OMITTED_PASSWORD = encodeURIComponent(OMITTED);

const malformed = (message: string) => new Fault("bad_request", `malformed request body: ${message}`);

/** A problem of a member deep inside, in the original's form. */
const within = (path: readonly string[], problem: string) =>
  malformed(`${path.reduceRight((inner, name) => `${name}: (${inner}.)`, problem)}.`);

const lacking = (path: readonly string[], names: readonly string[]) =>
  within(path, names.map((name) => `${name}: cannot be blank`).join("; "));

const IN = ["credentials"];
const IN_AWS = [...IN, "aws"];
const IN_HTTP = [...IN, "http"];

const HEX = /^(?:[0-9a-f]{2})*$/i;

/** Becomes a part of host names. */
const REGION = /^[a-z0-9-]+$/;
const POLICY = /^[\w+=,.@-]+$/;

function sasOf({ connection_string: given = "" }: GivenCredentials, trusted: readonly string[]): Credentials {
  if (given === "") throw lacking(IN, ["connection_string"]);
  const parsed = parseConnectionString(given);
  if (typeof parsed === "string") throw malformed(parsed);
  if (!isTrustedHost(parsed.hostName, trusted))
    throw malformed("hostname does not refer to a trusted domain");
  return { type: "sas", connection_string: given };
}

function awsOf({ aws = {} }: GivenCredentials): Credentials {
  const names = ["access_key_id", "device_policy_name", "region", "secret_access_key"] as const;
  const missing = names.filter((name) => !aws[name]);
  if (missing.length > 0) throw lacking(IN_AWS, missing);
  const { access_key_id = "", secret_access_key = "", region = "", device_policy_name = "" } = aws;
  if (!REGION.test(region)) throw within(IN_AWS, "region: must be the name of a region");
  if (!POLICY.test(device_policy_name))
    throw within(IN_AWS, "device_policy_name: must be the name of a policy");
  if (secret_access_key === OMITTED) throw within(IN_AWS, "secret_access_key: must be the secret itself");
  return { type: "aws", aws: { access_key_id, secret_access_key, region, device_policy_name } };
}

function httpOf(deps: Deps, { http = {} }: GivenCredentials): Credentials {
  const { url = "", secret } = http;
  if (url === "") throw lacking(IN_HTTP, ["url"]);
  if (URL.canParse(url) && new URL(url).password === OMITTED_PASSWORD)
    throw within(IN_HTTP, "url: must have the password itself");
  const refusal = refusedHere(deps, url);
  if (refusal !== undefined) {
    // The original's words for any address that is not everybody's.
    const isReserved = /private|server/.test(refusal);
    throw isReserved
      ? malformed("hostname resolves to reserved address")
      : within(IN_HTTP, `url: ${refusal}`);
  }
  if (secret !== undefined && !HEX.test(secret))
    throw malformed(`value error: '${secret}' is not a hexadecimal string`);
  return { type: "http", http: { url, ...(secret !== undefined && { secret }) } };
}

/** Credentials that fit the provider and lead where requests may go; throws a 400 that says what is wrong. */
export function credentialsOf(deps: Deps, provider: Provider, given: GivenCredentials): Credentials {
  const { type } = given;
  if (!type) throw lacking(IN, ["type"]);
  if (type !== "sas" && type !== "aws" && type !== "http") throw within(IN, "type: must be a valid value");
  if (TYPE_OF[provider] !== type)
    throw malformed(`provider: '${provider}' incompatible with credential type '${type}'.`);
  if (type === "sas") return sasOf(given, deps.settings.TRUSTED_HUBS);
  return type === "aws" ? awsOf(given) : httpOf(deps, given);
}

/** The credentials as everybody may see them. */
export function shownCredentials(credentials: Credentials): Credentials {
  switch (credentials.type) {
    case "sas":
      return { type: "sas", connection_string: maskedConnectionString(credentials.connection_string) };
    case "aws":
      return { type: "aws", aws: { ...credentials.aws, secret_access_key: OMITTED } };
    case "http": {
      const { url, secret } = credentials.http;
      return {
        type: "http",
        http: { url: maskedUrl(url), ...(secret !== undefined && { secret: OMITTED }) },
      };
    }
  }
}

/** An address without the password that it may hold. */
function maskedUrl(text: string): string {
  const url = new URL(text);
  if (url.password === "") return text;
  url.password = OMITTED;
  return url.href.replace(OMITTED_PASSWORD, OMITTED);
}

const hubOf = (text: string): string => {
  const parsed = parseConnectionString(text);
  return typeof parsed === "string" ? "" : parsed.hostName.toLowerCase();
};

/** What an integration leads to; two that lead to the same are one. */
export function targetOf(credentials: Credentials): string {
  switch (credentials.type) {
    case "sas":
      return hubOf(credentials.connection_string);
    case "aws":
      return `${credentials.aws.region}/${credentials.aws.access_key_id}`;
    case "http":
      return new URL(credentials.http.url).href;
  }
}

/** The same for the audit log: an address may hold a secret behind its path. */
export const toldTarget = (credentials: Credentials): string =>
  credentials.type === "http" ? originOf(credentials.http.url) : targetOf(credentials);

const originOf = (url: string): string => new URL(url).origin;
