import { z } from "zod";
import { readIfPresent, writePrivately, type DataFolder } from "./data-folder.ts";
import { OperatorError, type OperatorClient } from "./operator-client.ts";
import { newToken } from "./secrets.ts";

const AdminSchema = z.object({ email: z.string(), password: z.string() });
export type Admin = z.output<typeof AdminSchema>;

const SetupAnswerSchema = z.object({ created: z.boolean(), tenant_token: z.string() });

export const firstAdminFile = (folder: DataFolder): string => folder.file("first-admin.json");

export function readFirstAdmin(file: string): Admin | undefined {
  const text = readIfPresent(file);
  return text === undefined ? undefined : AdminSchema.parse(JSON.parse(text));
}

const writeFirstAdmin = (folder: DataFolder, admin: Admin) =>
  writePrivately(firstAdminFile(folder), `${JSON.stringify(admin, null, 2)}\n`);

/** Kept before the user is made: a start that is killed in between must not lose the password. */
function generatedAdmin(folder: DataFolder): Admin {
  const admin = { email: "admin@localhost", password: newToken() };
  writeFirstAdmin(folder, admin);
  return admin;
}

export interface Setup {
  tenantToken: string;
  admin: Admin;
  /** The admin was made just now. */
  created: boolean;
}

/** Brings the database up to date and makes tenant and admin where there is no user yet. Does nothing twice. */
export async function setUp(
  operator: OperatorClient,
  folder: DataFolder,
  given: Admin | undefined,
): Promise<Setup> {
  const migrated = await operator.call("POST", "/migrate").catch(ifMissing);
  if (migrated === MISSING) return { tenantToken: "", admin: { email: "", password: "" }, created: false };
  const known = readFirstAdmin(firstAdminFile(folder));
  const admin = given ?? known ?? generatedAdmin(folder);
  const answer = SetupAnswerSchema.parse(await operator.call("POST", "/setup", admin));
  if (answer.created) writeFirstAdmin(folder, admin);
  await sweepUploads(operator);
  return {
    tenantToken: answer.tenant_token,
    admin: answer.created ? admin : (known ?? admin),
    created: answer.created,
  };
}

/** Uploads that a crash cut off: nobody can go on with them. */
async function sweepUploads(operator: OperatorClient): Promise<void> {
  await operator.call("POST", "/sweep-uploads").catch(ifMissing);
}

const MISSING = Symbol("no such operation");

/** Operations that a server does not have yet are no failure. */
function ifMissing(cause: unknown): typeof MISSING {
  if (cause instanceof OperatorError && cause.status === 404) return MISSING;
  throw cause;
}
