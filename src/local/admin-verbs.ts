import { exportTenant } from "./admin-archives.ts";
import { importTenant } from "./admin-imports.ts";
import { moveTenant } from "./admin-moves.ts";
import { applyRestore, restoreTenant } from "./admin-restores.ts";
import { UsageError } from "./flags.ts";
import type { DataFolder } from "./data-folder.ts";
import { listMails, mailboxOf, showMail } from "./mailbox.ts";
import type { OperatorClient } from "./operator-client.ts";
import { DEFAULT_TENANT } from "../platform/ids.ts";
import { LIMIT_NAMES } from "../platform/limit-names.ts";

/** Values of a verb's options by name; required ones are present. */
export type Values = Record<string, string | undefined>;

interface Described {
  summary: string;
  /** Name to placeholder; a placeholder in brackets marks what may be left out, one without a word a switch. */
  options: Readonly<Record<string, string>>;
}

/** Either asks a server or looks into the data folder of a local one; answers what goes to stdout. */
export type Verb = Described &
  (
    | { run: (operator: OperatorClient, values: Values) => Promise<unknown> }
    | { runHere: (folder: DataFolder, values: Values) => unknown }
  );

/** A request path with every value in it encoded. */
const path = (strings: TemplateStringsArray, ...values: (string | undefined)[]) =>
  String.raw({ raw: strings }, ...values.map((value) => encodeURIComponent(value ?? "")));

const PAGE = 500;

function field(answer: unknown, name: string): unknown {
  return typeof answer === "object" && answer !== null && name in answer
    ? (answer as Record<string, unknown>)[name] // the check before says so
    : undefined;
}

/** Every entry of a list that is read by pages, each after the last id of the one before. */
async function allOf(operator: OperatorClient, list: string): Promise<unknown[]> {
  const all: unknown[] = [];
  for (;;) {
    const after = all.length === 0 ? "" : String(field(all.at(-1), "id"));
    const page = await operator.call("GET", list + path`limit=${String(PAGE)}&after=${after}`);
    if (!Array.isArray(page)) throw new Error("the server did not answer with a list");
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

function claimsOf(text: string | undefined): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(text ?? "");
    if (typeof claims === "object" && claims !== null && !Array.isArray(claims))
      return claims as Record<string, unknown>; // any object will do
  } catch {
    // told below, like every other value that is no object
  }
  throw new UsageError("--claims must be a JSON object");
}

function wholeNumber(name: string, text: string | undefined): number {
  if (text === undefined || !/^-?\d+$/.test(text)) throw new UsageError(`--${name} must be a whole number`);
  return Number(text);
}

/** One of the names that the server takes, so that a slip of the pen is told before anything is sent. */
function limitName(text: string | undefined): string | undefined {
  if (!LIMIT_NAMES.some((name) => name === text))
    throw new UsageError(`--name must be one of ${LIMIT_NAMES.join(", ")}`);
  return text;
}

/** A removal is bounded in what it does at once, and asked for again until it is done. */
async function removeTenant(operator: OperatorClient, tenant: string | undefined): Promise<unknown> {
  for (let [rows, objects] = [0, 0]; ;) {
    const done = await operator.call("DELETE", path`/tenants/${tenant}`);
    rows += Number(field(done, "rows"));
    objects += Number(field(done, "objects"));
    if (field(done, "gone") === true) return { id: tenant, rows, objects };
  }
}

/** What is told of one log; all of it is counted. */
const MAX_FINDINGS = 1000;

/** Reads a log page by page, in constant memory. */
async function verifyLog(operator: OperatorClient, tenant: string) {
  const findings: unknown[] = [];
  const total = { entries: 0, found: 0, sealed: 0, unsealed: 0 };
  for (let after: number | undefined = 0; after !== undefined;) {
    const page = await operator.call(
      "GET",
      path`/tenants/${tenant}/audit/verification?after=${String(after)}`,
    );
    const found = field(page, "findings");
    if (!Array.isArray(found)) throw new Error("the server did not answer with findings");
    findings.push(...found.slice(0, MAX_FINDINGS - findings.length));
    total.entries += Number(field(page, "entries"));
    total.found += found.length;
    total.sealed = Number(field(page, "sealed") ?? 0);
    total.unsealed = Number(field(page, "unsealed") ?? 0);
    const next = field(page, "next");
    after = next === undefined ? undefined : Number(next);
  }
  return { id: tenant, ...total, findings };
}

/** Verifies one log or all; what is wrong makes the command fail. */
async function verifyAudit(operator: OperatorClient, tenant: string | undefined): Promise<unknown> {
  const ids =
    tenant === undefined ? (await allOf(operator, "/tenants?")).map((of) => field(of, "id")) : [tenant];
  const tenants = [];
  for (const id of ids) tenants.push(await verifyLog(operator, String(id)));
  const intact = tenants.every(({ findings }) => findings.length === 0);
  if (!intact) process.exitCode = 1;
  return { intact, tenants };
}

const roles = (text: string | undefined) => text?.split(",").filter((role) => role !== "");

export const VERBS: Readonly<Record<string, Verb>> = {
  "create-user": {
    summary: "create a user; prints its id",
    options: { email: "EMAIL", password: "PASSWORD", id: "[ID]", tenant: "[ID]", roles: "[ROLE,ROLE…]" },
    run: async (operator, { roles: names, ...user }) =>
      field(await operator.call("POST", "/users", { ...user, roles: roles(names) }), "id"),
  },
  "set-password": {
    summary: "set a user's password and end the user's sessions; prints the user's id",
    options: { email: "EMAIL", password: "PASSWORD" },
    run: async (operator, { email, password }) =>
      field(await operator.call("PUT", "/users/password", { email, password }), "id"),
  },
  "verify-user": {
    summary: "vouch for the address of a user, where no mails are sent; prints the user's id",
    options: { email: "EMAIL" },
    run: async (operator, { email }) => field(await operator.call("PUT", "/users/verified", { email }), "id"),
  },
  "list-users": {
    summary: "list the users of a tenant, by default of the default one",
    options: { tenant: "[ID]" },
    run: async (operator, { tenant }) => ({
      users: await allOf(operator, path`/users?tenant=${tenant ?? DEFAULT_TENANT}&`),
    }),
  },
  "delete-user": {
    summary: "delete a user and end its sessions; prints its id",
    options: { email: "EMAIL" },
    run: async (operator, { email }) =>
      field(await operator.call("DELETE", path`/users?email=${email}`), "id"),
  },
  "create-tenant": {
    summary: "create a tenant with its first user; prints the tenant's id",
    options: {
      name: "NAME",
      user: "EMAIL",
      password: "PASSWORD",
      plan: "[os|professional|enterprise]",
      jurisdiction: "[eu|fedramp]",
    },
    run: async (operator, tenant) => field(await operator.call("POST", "/tenants", tenant), "id"),
  },
  "list-tenants": {
    summary: "list all tenants",
    options: {},
    run: async (operator) => ({ tenants: await allOf(operator, "/tenants?") }),
  },
  "show-tenant": {
    summary: "show a tenant, by default the default one, with its token and limits",
    options: { tenant: "[ID]" },
    run: (operator, { tenant }) => operator.call("GET", path`/tenants/${tenant ?? DEFAULT_TENANT}`),
  },
  "set-tenant-status": {
    summary: "suspend or activate a tenant",
    options: { tenant: "ID", status: "active|suspended" },
    run: (operator, { tenant, status }) => operator.call("PUT", path`/tenants/${tenant}/status`, { status }),
  },
  "set-plan": {
    summary: "give a tenant, by default the default one, a plan with its limits",
    options: { tenant: "[ID]", plan: "PLAN" },
    run: (operator, { tenant, plan }) =>
      operator.call("PUT", path`/tenants/${tenant ?? DEFAULT_TENANT}/plan`, { plan }),
  },
  usage: {
    summary: "what tenants used by day, as CSV for invoices; by default of all and the last 30 days",
    options: { tenant: "[ID]", from: "[DAY]", to: "[DAY]" },
    run: async (operator, { tenant, from, to }) => {
      const wanted = Object.entries({ tenant, from, to }).filter(([, value]) => value !== undefined);
      const query = wanted.map(([name, value]) => path`${name}=${value}`).join("&");
      return (await operator.text("GET", `/usage/days/export?${query}`)).trimEnd();
    },
  },
  "delete-tenant": {
    summary: "delete a tenant with its users, devices, artifacts and everything else it has",
    options: { tenant: "ID", yes: "" },
    run: (operator, { tenant }) => removeTenant(operator, tenant),
  },
  databases: {
    summary: "list the databases, and how full each is",
    options: {},
    run: (operator) => operator.call("GET", "/databases"),
  },
  "move-tenant": {
    summary: "bring a tenant to another database, by default to the one with most room; tells how far it is",
    options: { tenant: "ID", to: "[DATABASE]", jurisdiction: "[eu|fedramp]" },
    run: moveTenant,
  },
  "show-move": {
    summary: "how far a tenant is on its way to another database",
    options: { tenant: "ID" },
    run: (operator, { tenant }) => operator.call("GET", path`/tenants/${tenant}/move`),
  },
  "cancel-move": {
    summary: "leave a tenant where it is, while it has not changed its home yet",
    options: { tenant: "ID" },
    run: (operator, { tenant }) => operator.call("DELETE", path`/tenants/${tenant}/move`),
  },
  journal: {
    summary: "how far the journal of a tenant, by default of the default one, goes back; begins or ends it",
    options: { tenant: "[ID]", state: "[on|off]" },
    run: (operator, { tenant, state }) => {
      const journal = path`/tenants/${tenant ?? DEFAULT_TENANT}/journal`;
      return state === undefined ? operator.call("GET", journal) : operator.call("PUT", journal, { state });
    },
  },
  "export-tenant": {
    summary: "write everything that a tenant has into an archive; files come along unless `referenced`",
    options: { tenant: "ID", out: "FILE", objects: "[included|referenced]" },
    run: exportTenant,
  },
  "import-tenant": {
    summary: "bring a tenant in from its archive, with the id and all else that it had; tells how far it is",
    options: { file: "FILE", jurisdiction: "[eu|fedramp]" },
    run: importTenant,
  },
  "restore-tenant": {
    summary: "put a tenant back to what it was at a time; `dry-run` tells what would be put back",
    options: { tenant: "ID", to: "TIME", "dry-run": "[]" },
    run: restoreTenant,
  },
  "apply-restore": {
    summary: "put back what a dry run has told of",
    options: { tenant: "ID", restore: "ID" },
    run: applyRestore,
  },
  "show-restore": {
    summary: "how far a restore is, and what it puts back; by default those of the last month",
    options: { tenant: "ID", restore: "[ID]" },
    run: (operator, { tenant, restore }) =>
      operator.call(
        "GET",
        path`/tenants/${tenant}/restores` + (restore === undefined ? "" : path`/${restore}`),
      ),
  },
  "cancel-restore": {
    summary: "end a restore that has not begun to write",
    options: { tenant: "ID", restore: "ID" },
    run: (operator, { tenant, restore }) =>
      operator.call("DELETE", path`/tenants/${tenant}/restores/${restore}`),
  },
  "set-limit": {
    summary: `set a limit of a tenant, by default of the default one; NAME is one of\n      ${LIMIT_NAMES.slice(0, 6).join(", ")},\n      ${LIMIT_NAMES.slice(6).join(", ")}`,
    options: { tenant: "[ID]", name: "NAME", value: "N" },
    run: (operator, { tenant, name, value }) =>
      operator.call("PUT", path`/tenants/${tenant ?? DEFAULT_TENANT}/limits/${limitName(name)}`, {
        value: wholeNumber("value", value),
      }),
  },
  "verify-audit": {
    summary:
      "find what was changed, removed or put into the audit log of a tenant, by default of all; fails if it finds any",
    options: { tenant: "[ID]" },
    run: (operator, { tenant }) => verifyAudit(operator, tenant),
  },
  mail: {
    summary:
      "list the mails of a local server, or show one, `last` being the newest; needs no running server",
    options: { id: "[ID]" },
    runHere: (folder, { id }) =>
      id === undefined ? { mails: listMails(mailboxOf(folder)) } : showMail(mailboxOf(folder), id),
  },
  migrate: {
    summary: "bring the database up to date",
    options: {},
    run: (operator) => operator.call("POST", "/migrate"),
  },
  "mint-token": {
    summary: "sign any claims; local servers only",
    options: { claims: "JSON" },
    run: (operator, { claims }) => operator.call("POST", "/tokens", { claims: claimsOf(claims) }),
  },
  "factory-reset": {
    summary: "remove all data and objects; a deployed server wants its own host name confirmed",
    options: { yes: "", confirm: "[HOST]" },
    run: (operator, { confirm }) => operator.call("POST", "/factory-reset", { host: confirm }),
  },
};
