import { placeTenant } from "../platform/placing.ts";
import type { z } from "@hono/zod-openapi";
import type { UserActor } from "../platform/actor.ts";
import { addAudit, addAuditIfChanged } from "../platform/audit.ts";
import { refusalOf } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { offsetOf, type Page } from "../platform/paging.ts";
import { BUILT_IN_ROLES } from "../platform/permissions.ts";
import {
  childrenStatement,
  countChildrenStatement,
  createTenantStatements,
  prepareTenant,
  updateTenantStatement,
  type Tenant,
} from "../tenants/index.ts";
import {
  accountStatement,
  assignStatements,
  checkPassword,
  createUserStatements,
  userToldStatements,
  hashPassword,
  inviteIfChanged,
  NO_PROVIDER,
  prepareUser,
  shareStatements,
  writingEmail,
} from "../useradm/index.ts";
import { auditObject, operatorIn, ownOrChild, tenantOf } from "./life.ts";
import {
  CHILDREN_LIMIT,
  demandRoomForChild,
  demandShareStatement,
  giveShareStatement,
  ownDevicesStatement,
  POOL,
  type OwnDevices,
} from "./pool-store.ts";
import type { ChildUpdate, NewChild } from "./schema.ts";
import { TIER_LIMITS, type TierLimit } from "./tenant-wire.ts";
import { viewTenants, type TenantView } from "./views.ts";

type Limits = z.output<typeof ChildUpdate>["device_limits"];

async function provider(deps: Deps, actor: UserActor): Promise<Tenant> {
  const tenant = await tenantOf(deps, actor.tenant);
  if (!tenant.serviceProvider) throw new Fault("forbidden", "the tenant is not a service provider");
  return tenant;
}

export async function listChildren(
  deps: Deps,
  actor: UserActor,
  page: Page,
): Promise<{ views: TenantView[]; total: number }> {
  const window = { offset: offsetOf(page), limit: page.perPage };
  const [tenants, total] = await deps.directory.batch([
    childrenStatement(actor.tenant, window),
    countChildrenStatement(actor.tenant),
  ]);
  return { views: await viewTenants(deps, tenants), total };
}

/** The share of a child in each tier. What is not said is nothing of a pool, and no limit where there is none. */
const shares = (input: { device_limit?: number | undefined; device_limits?: Limits }) =>
  TIER_LIMITS.map((name): [TierLimit, number | undefined] => {
    const told = input.device_limits?.[name]?.value;
    return [name, told ?? (name === "max_devices" ? input.device_limit : undefined)];
  });

/** Gives a child its shares, or fails the batch when the pool of its parent has less. */
const giveStatements = (
  parent: TenantId,
  child: TenantId,
  given: ReturnType<typeof shares>,
  own: OwnDevices | undefined,
) =>
  given.flatMap(([name, value]) => [
    giveShareStatement(parent, child, name, value),
    demandShareStatement(parent, name, own),
  ]);

/** What the parent has itself; asked for where it may be in another database than the shares. */
const ownDevices = async (deps: Deps, parent: TenantId): Promise<OwnDevices | undefined> =>
  deps.homes.isSpread ? deps.db(parent).one(ownDevicesStatement(parent)) : undefined;

async function withinPool<T>(batch: Promise<T>): Promise<T> {
  try {
    return await batch;
  } catch (cause) {
    const refusal = refusalOf(cause);
    if (refusal === POOL)
      throw new Fault("unprocessable", "the limits exceed what the service provider has left", { cause });
    if (refusal === NO_PROVIDER)
      throw new Fault("unprocessable", "there is no single sign-on to inherit", { cause });
    if (refusal === CHILDREN_LIMIT)
      throw new Fault("unprocessable", "the service provider has as many children as it may", { cause });
    throw cause;
  }
}

const asConflict = (cause: unknown): never => {
  const isEmail = cause instanceof Fault && cause.publicMessage === "user with a given email already exists";
  throw isEmail ? new Fault("conflict", cause.publicMessage, { cause }) : cause;
};

type Admin = NonNullable<z.output<typeof NewChild>["admin"]>;

/** A link to set a password is sent where it is asked for, and where there would be no other way in. */
async function adminStatements(deps: Deps, tenant: TenantId, admin: Admin, hasProvider: boolean) {
  const { email, password } = admin;
  const isInvited = admin.send_reset_password === true || (password === undefined && !hasProvider);
  if (password !== undefined) checkPassword(password, [email]);
  const hash = password === undefined ? "" : await hashPassword(deps, password); // no password matches an empty one
  const user = prepareUser(deps, tenant, { email, isVerified: password !== undefined }, hash);
  return [
    ...createUserStatements(operatorIn(tenant), user),
    ...(isInvited ? inviteIfChanged(deps, user) : []),
    ...userToldStatements(deps, operatorIn(tenant), user),
  ];
}

/** Users whom the installation knows already work in the child too. */
async function guestStatements(
  deps: Deps,
  tenant: TenantId,
  guests: readonly { email: string; role: string }[],
) {
  const accounts = await deps.directory.batch(guests.map(({ email }) => accountStatement(email)));
  return guests.flatMap(({ role }, i) => {
    const account = accounts[i];
    if (!account) throw new Fault("bad_request", "users: must be users that exist.");
    if (!BUILT_IN_ROLES.includes(role))
      throw new Fault("bad_request", "users: must have a role that exists.");
    return assignStatements(operatorIn(tenant), account, role, deps.now());
  });
}

/** A child with its first administrator, or users of other tenants, and its shares of the pool: all or nothing. */
export async function createChild(
  deps: Deps,
  actor: UserActor,
  input: z.output<typeof NewChild>,
): Promise<void> {
  const parent = await provider(deps, actor);
  const placed = await placeTenant(deps, input.jurisdiction);
  const at = deps.now();
  const child = prepareTenant(
    {
      name: input.name,
      plan: parent.plan,
      addons: parent.addons,
      parent: parent.id,
      binaryDelta: input.binary_delta ?? true,
    },
    at,
  );
  const batch = deps.directory.batch([
    ...createTenantStatements(child, placed),
    ...(input.admin ? await adminStatements(deps, child.id, input.admin, input.sso === true) : []),
    ...(await guestStatements(deps, child.id, input.users ?? [])),
    ...(input.sso === true ? shareStatements(child.id, parent.id) : []),
    demandRoomForChild(parent.id),
    ...giveStatements(parent.id, child.id, shares(input), await ownDevices(deps, parent.id)),
    addAudit(actor, { action: "create", object: auditObject(child) }, at),
  ]);
  await withinPool(writingEmail(batch)).catch(asConflict);
}

export async function updateChild(
  deps: Deps,
  actor: UserActor,
  id: TenantId,
  input: z.output<typeof ChildUpdate>,
): Promise<void> {
  const parent = await provider(deps, actor);
  const child = await ownOrChild(deps, actor, id);
  if (child.parent !== parent.id) throw new Fault("forbidden", "the tenant is not a child of yours");
  const at = deps.now();
  const told = shares(input).map(([name, value]) => `${name}: ${value ?? "none"}`);
  const own = await ownDevices(deps, parent.id);
  const [updated] = await withinPool(
    deps.directory.batch([
      updateTenantStatement(child, { name: input.name ?? child.name }, at),
      addAuditIfChanged(actor, { action: "update", object: auditObject(child), change: told.join("\n") }, at),
      ...giveStatements(parent.id, child.id, shares(input), own),
    ]),
  );
  if (updated === 0) throw new Fault("conflict", "the tenant has just been changed by somebody else");
}
