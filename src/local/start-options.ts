import type { ParseArgsOptionsConfig } from "node:util";
import { SETTING_NAMES, settingProblems } from "../platform/env.ts";
import { readFlags, textFlag, UsageError, type Flags } from "./flags.ts";

const START_FLAGS = {
  port: { type: "string" },
  "https-port": { type: "string" },
  host: { type: "string" },
  "tls-name": { type: "string", multiple: true },
  data: { type: "string" },
  admin: { type: "string" },
  "operator-token": { type: "string" },
  var: { type: "string", multiple: true },
  databases: { type: "string" },
  "inspector-port": { type: "string" },
  json: { type: "boolean" },
  verbose: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

export const START_USAGE = `usage: npm start -- [options]

  --port N              HTTP port (8787); 0 takes a free one
  --https-port N        HTTPS port (8443); 0 takes a free one
  --host ADDRESS        address to listen on (127.0.0.1)
  --tls-name NAME       one more host name or address for the certificate; may be repeated
  --data DIR            folder that keeps everything (.edgemend)
  --admin EMAIL:PASS    first user of a new data folder; default admin@example.com with a generated password
  --operator-token T    token of the operator API, at least 16 characters; default: generated once and kept
  --var NAME=VALUE      a setting of the server, as in [vars] of wrangler.toml; may be repeated
  --databases N         databases that tenants are spread over; a data folder keeps those it has (1)
  --inspector-port N    port for debuggers of the Worker (none)
  --json                one JSON line on stdout when ready, logs on stderr
  --verbose             when it cannot start: everything that was logged, and where it failed
`;

export interface StartOptions {
  port: number;
  httpsPort: number;
  host: string;
  tlsNames: string[];
  data: string;
  admin: { email: string; password: string } | undefined;
  operatorToken: string | undefined;
  vars: Record<string, string>;
  /** As many as the data folder has, if it is not said. */
  databases: number | undefined;
  inspectorPort: number | undefined;
  json: boolean;
  verbose: boolean;
  help: boolean;
}

function portOf<T extends number | undefined>(flags: Flags, name: string, fallback: T): number | T {
  const text = textFlag(flags, name);
  if (text === undefined) return fallback;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new UsageError(`--${name} must be a port number, not ${text}`);
  return port;
}

function adminOf(flags: Flags): StartOptions["admin"] {
  const text = textFlag(flags, "admin");
  if (text === undefined) return undefined;
  const [, email, password] = /^([^:]+@[^:]+):(.+)$/s.exec(text) ?? [];
  if (!email || !password) throw new UsageError("--admin must be EMAIL:PASSWORD");
  if (password.length < 8) throw new UsageError("the password in --admin must have at least 8 characters");
  return { email, password };
}

function operatorTokenOf(flags: Flags): string | undefined {
  const token = textFlag(flags, "operator-token");
  if (token !== undefined && !/^[\x21-\x7e]{16,}$/.test(token))
    throw new UsageError("--operator-token must have at least 16 characters and no spaces");
  return token;
}

const MOST_DATABASES = 50;

function databasesOf(flags: Flags): number | undefined {
  const text = textFlag(flags, "databases") ?? process.env.EDGEMEND_DATABASES;
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > MOST_DATABASES)
    throw new UsageError(`--databases must be a number from 1 to ${MOST_DATABASES}, not ${text}`);
  return count;
}

const texts = (flags: Flags, name: string): string[] => {
  const values = flags[name];
  return Array.isArray(values) ? values : [];
};

/** Settings that a local start makes itself, and what to use instead. */
const MADE_HERE: Readonly<Record<string, string>> = {
  OPERATOR_TOKEN: "use --operator-token",
  SIGNING_KEY: "it is the file signing-key.pem in the data folder",
  LOCAL: "it is true for every server that npm start runs",
  LOCAL_HTTPS_PORT: "use --https-port",
  LOCAL_ORIGIN: "use PUBLIC_ORIGIN",
};

function nameProblem(name: string): string[] {
  const instead = MADE_HERE[name];
  if (instead !== undefined) return [`${name} cannot be set: ${instead}`];
  return SETTING_NAMES.includes(name) ? [] : [`${name}: no such setting; docs/operations.md lists them all`];
}

function varsOf(flags: Flags): Record<string, string> {
  const pairs = texts(flags, "var").map((text) => {
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new UsageError("--var must be NAME=VALUE");
    return [name, value] as const;
  });
  const vars = Object.fromEntries(pairs);
  const [problem] = [...Object.keys(vars).flatMap(nameProblem), ...settingProblems(vars)];
  if (problem !== undefined) throw new UsageError(`--var ${problem}`);
  return vars;
}

export function readStartOptions(args: string[]): StartOptions {
  const { flags, positionals } = readFlags(args, START_FLAGS);
  if (positionals.length > 0) throw new UsageError(`unexpected argument ${positionals[0]}`);
  const port = portOf(flags, "port", 8787);
  const httpsPort = portOf(flags, "https-port", 8443);
  if (port !== 0 && port === httpsPort) throw new UsageError("--port and --https-port must differ");
  return {
    port,
    httpsPort,
    host: textFlag(flags, "host") ?? "127.0.0.1",
    tlsNames: texts(flags, "tls-name"),
    data: textFlag(flags, "data") ?? ".edgemend",
    admin: adminOf(flags),
    operatorToken: operatorTokenOf(flags),
    vars: varsOf(flags),
    databases: databasesOf(flags),
    inspectorPort: portOf(flags, "inspector-port", undefined),
    json: flags.json === true,
    verbose: flags.verbose === true,
    help: flags.help === true,
  };
}
