import { placeTenant, type Jurisdiction } from "../platform/placing.ts";
import { randomBytes } from "node:crypto";
import type { OperatorActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { DEFAULT_TENANT } from "../platform/ids.ts";
import {
  createTenantStatements,
  ensureDefaultTenant,
  planLimitStatements,
  prepareTenant,
  type Tenant,
} from "../tenants/index.ts";
import {
  checkPassword,
  createUser,
  createUserStatements,
  userToldStatements,
  hashPassword,
  hasUsersStatement,
  prepareUser,
  writingEmail,
} from "../useradm/index.ts";
import type { UserRef } from "./accounts.ts";
import { appliedIn, migrateAll } from "./installation.ts";

export interface NewTenant {
  name: string;
  user: string;
  password: string;
  plan?: string | undefined;
  jurisdiction?: Jurisdiction | undefined;
}

/** A tenant and its first user, both or none. */
export async function createTenant(deps: Deps, input: NewTenant): Promise<{ tenant: Tenant; user: UserRef }> {
  checkPassword(input.password, [input.user]);
  const placed = await placeTenant(deps, input.jurisdiction);
  const tenant = prepareTenant({ name: input.name, plan: input.plan }, deps.now());
  const user = prepareUser(
    deps,
    tenant.id,
    { email: input.user, isVerified: true },
    await hashPassword(deps, input.password),
  );
  const actor: OperatorActor = { kind: "operator", tenant: tenant.id };
  await writingEmail(
    deps.directory.batch([
      ...createTenantStatements(tenant, placed),
      ...createUserStatements(actor, user),
      ...planLimitStatements(deps.settings.PLANS, tenant),
      ...userToldStatements(deps, actor, user),
    ]),
  );
  return { tenant, user: { id: user.id, email: user.email, tenant: tenant.id } };
}

export interface SetUp {
  applied: string[];
  tenant: Tenant;
  admin?: { id: string; email: string; password?: string };
}

const FIRST_ADMIN = "admin@example.com";

/** Makes what a first start needs and nothing twice. A generated password is told this once. */
export async function setUp(
  deps: Deps,
  input: { email?: string | undefined; password?: string | undefined },
): Promise<SetUp> {
  const applied = appliedIn(await migrateAll(deps));
  const tenant = await ensureDefaultTenant(deps);
  if (await deps.directory.one(hasUsersStatement(DEFAULT_TENANT))) return { applied, tenant };
  const email = input.email ?? FIRST_ADMIN;
  const password = input.password ?? randomBytes(15).toString("base64url");
  const id = await createUser(deps, { kind: "operator", tenant: DEFAULT_TENANT }, { email, password });
  return { applied, tenant, admin: { id, email, ...(input.password === undefined ? { password } : {}) } };
}
