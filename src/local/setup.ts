import { z } from "zod";
import { UsageError } from "./flags.ts";
import { readIfPresent, writePrivately, type DataFolder } from "./data-folder.ts";
import type { OperatorClient } from "./operator-client.ts";
import { newToken } from "./secrets.ts";

const AdminSchema = z.object({ email: z.string(), password: z.string() });
export type Admin = z.output<typeof AdminSchema>;

const SetupDoneSchema = z.object({
  tenant: z.object({ tenant_token: z.string() }),
  admin: z.object({ id: z.string() }).optional(),
});

const UsersSchema = z.array(z.object({ id: z.string() }));

export const firstAdminFile = (folder: DataFolder): string => folder.file("first-admin.json");

export function readFirstAdmin(file: string): Admin | undefined {
  const text = readIfPresent(file);
  if (text === undefined) return undefined;
  try {
    return AdminSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new UsageError(`${file} is damaged: remove it; the user it names can log in as before`, { cause });
  }
}

const writeFirstAdmin = (folder: DataFolder, admin: Admin) =>
  writePrivately(firstAdminFile(folder), `${JSON.stringify(admin, null, 2)}\n`);

/** Kept before the user is made: a start that is killed in between must not lose the password. */
function newAdmin(folder: DataFolder, given: Admin | undefined): Admin {
  const admin = given ?? { email: "admin@example.com", password: newToken() };
  writeFirstAdmin(folder, admin);
  return admin;
}

export interface Setup {
  tenantToken: string;
  /** The first admin, as it was made; undefined if that is not known here. */
  admin: Admin | undefined;
  /** The admin was made just now. */
  created: boolean;
  /** An admin was asked for and not made, because the folder has users. */
  ignored: boolean;
}

/**
 * Ends uploads that a crash cut off, with which nobody can go on, and takes up jobs at once. Cron does the same a little
 * later, so that a server starts without it.
 */
async function takeUpWork(operator: OperatorClient, log: (line: string) => void): Promise<void> {
  try {
    await operator.call("POST", "/sweep-uploads");
  } catch (cause) {
    log(`what was under way is taken up later: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

const isSame = (one: Admin, other: Admin | undefined) =>
  one.email === other?.email && one.password === other.password;

/** Brings the database up to date and makes tenant and admin where there is no user yet. Does nothing twice. */
export async function setUp(
  operator: OperatorClient,
  folder: DataFolder,
  given: Admin | undefined,
  log: (line: string) => void,
): Promise<Setup> {
  const known = readFirstAdmin(firstAdminFile(folder));
  await operator.call("POST", "/migrate");
  const users = UsersSchema.parse(await operator.call("GET", "/users?limit=1"));
  const admin = users.length > 0 ? known : newAdmin(folder, given);
  const done = SetupDoneSchema.parse(await operator.call("POST", "/setup", admin ?? {}));
  const created = done.admin !== undefined;
  await takeUpWork(operator, log);
  const ignored = !created && given !== undefined && !isSame(given, known);
  return { tenantToken: done.tenant.tenant_token, admin, created, ignored };
}
