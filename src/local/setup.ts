import { z } from "zod";
import { readIfPresent, writePrivately, type DataFolder } from "./data-folder.ts";
import type { OperatorClient } from "./operator-client.ts";
import { newToken } from "./secrets.ts";

const AdminSchema = z.object({ email: z.string(), password: z.string() });
export type Admin = z.output<typeof AdminSchema>;

const SetupDoneSchema = z.object({
  tenant: z.object({ tenant_token: z.string() }),
  admin: z.object({ id: z.string() }).optional(),
});

export const firstAdminFile = (folder: DataFolder): string => folder.file("first-admin.json");

export function readFirstAdmin(file: string): Admin | undefined {
  const text = readIfPresent(file);
  return text === undefined ? undefined : AdminSchema.parse(JSON.parse(text));
}

const writeFirstAdmin = (folder: DataFolder, admin: Admin) =>
  writePrivately(firstAdminFile(folder), `${JSON.stringify(admin, null, 2)}\n`);

/** Kept before the user is made: a start that is killed in between must not lose the password. */
function generatedAdmin(folder: DataFolder): Admin {
  const admin = { email: "admin@example.com", password: newToken() };
  writeFirstAdmin(folder, admin);
  return admin;
}

export interface Setup {
  tenantToken: string;
  admin: Admin;
  /** The admin was made just now. */
  created: boolean;
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

/** Brings the database up to date and makes tenant and admin where there is no user yet. Does nothing twice. */
export async function setUp(
  operator: OperatorClient,
  folder: DataFolder,
  given: Admin | undefined,
  log: (line: string) => void,
): Promise<Setup> {
  const known = readFirstAdmin(firstAdminFile(folder));
  const admin = given ?? known ?? generatedAdmin(folder);
  const done = SetupDoneSchema.parse(await operator.call("POST", "/setup", admin));
  const created = done.admin !== undefined;
  if (created) writeFirstAdmin(folder, admin);
  await takeUpWork(operator, log);
  return { tenantToken: done.tenant.tenant_token, admin: created ? admin : (known ?? admin), created };
}
