import type { Actor, UserActor } from "../platform/actor.ts";
import { addAuditIfChanged, type AuditEntry } from "../platform/audit.ts";
import { isUniqueViolation, refusalOf, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asUserId, newId, type TenantId, type UserId } from "../platform/ids.ts";
import { digestOf, newSecret } from "./account-secrets.ts";
import { tenantStatement } from "../tenants/index.ts";
import { hashPassword } from "./passwords.ts";
import { sendLinkIfChanged } from "./account-mails.ts";
import { byOf, tellFromDirectory } from "../platform/stream.ts";
import { addOpenSecretIfChanged, addSecretIfChanged, DIGEST_KEY } from "./account-secret-store.ts";
import { PERMIT_ALL } from "../platform/permissions.ts";
import { requireGivable } from "./roles/giving.ts";
import { givingRights } from "./roles/roles.ts";
import { demandRolesStatements } from "./roles/store.ts";
import { peopleStatement, personStatement, type Person, type UserFilter } from "./people-store.ts";
import { hasProviderStatement, IDENTITY_KEY, loginStatements, UNKNOWN_PROVIDER } from "./sso/person-store.ts";
import { addUserStatement, EMAIL_KEY, ID_KEY, isUser, type User } from "./user-store.ts";

const MIN_PASSWORD = 8;

export const unknownUser = () => new Fault("not_found", "user not found");
export const duplicateEmail = (cause?: unknown) =>
  new Fault("unprocessable", "user with a given email already exists", { cause });

export const isDuplicateEmail = (cause: unknown): boolean =>
  cause instanceof Fault && isUniqueViolation(cause.cause, EMAIL_KEY);

export const tooManyUsers = (cause?: unknown) =>
  new Fault("unprocessable", "the tenant has as many users as its limit allows", { cause });
export const lastAdmin = () => new Fault("unprocessable", "the last administrator cannot be deleted");

/** The password rules that are no matter of syntax. */
export function checkPassword(password: string, emails: readonly string[]): void {
  if (password.length < MIN_PASSWORD)
    throw new Fault("unprocessable", "password: must be minimum 8 characters long");
  if (emails.some((email) => email.toLowerCase().includes(password.toLowerCase())))
    throw new Fault("unprocessable", "password is too similar to the email");
}

/** Runs a batch that writes an email, of which there is one in the installation. */
export async function writingEmail<T>(batch: Promise<T>): Promise<T> {
  try {
    return await batch;
  } catch (cause) {
    if (isUniqueViolation(cause, EMAIL_KEY)) throw duplicateEmail(cause);
    if (isUniqueViolation(cause, ID_KEY))
      throw new Fault("conflict", "user with a given id already exists", { cause });
    if (isUniqueViolation(cause, DIGEST_KEY)) throw new Fault("conflict", "the magic_id is taken", { cause });
    if (isUniqueViolation(cause, IDENTITY_KEY)) throw new Fault("conflict", "the login is taken", { cause });
    if (refusalOf(cause) === UNKNOWN_PROVIDER)
      throw new Fault("bad_request", "login: must name identity providers of the tenant.", { cause });
    throw cause;
  }
}

export const userObject = (user: Pick<User, "id" | "email">): AuditEntry["object"] => ({
  type: "user",
  id: user.id,
  detail: { user: { email: user.email } },
});

export interface NewUser {
  email: string;
  roles?: string[] | undefined;
  id?: string | undefined;
  /** Somebody vouches for the address. */
  isVerified?: boolean;
  externalId?: string | null;
  isSuspended?: boolean;
  /** Gets a link to set a password by. */
  isInvited?: boolean;
  /** Logs in once whoever has it. */
  magicId?: string | undefined;
  /** Subjects by the ids of the identity providers that may vouch for the user. */
  logins?: Readonly<Record<string, string>> | undefined;
}

/** A user not yet stored; pass it to `createUserStatements`. */
export function prepareUser(deps: Deps, tenant: TenantId, input: NewUser, passwordHash: string): User {
  const now = deps.now();
  return {
    tenant,
    id: asUserId(input.id ?? newId()),
    email: input.email,
    passwordHash,
    roles: input.roles ?? [PERMIT_ALL],
    revision: 1,
    createdMs: now,
    updatedMs: now,
    loginMs: null,
    externalId: input.externalId ?? null,
    suspendedMs: input.isSuspended ? now : null,
    verifiedMs: input.isVerified ? now : null,
    tfa: { status: "disabled", secret: null, step: 0, recovery: [] },
  };
}

/** The rows of a new user. Its tenant must exist when they run; run them within `writingEmail`. */
export const createUserStatements = (actor: Actor, user: User): Statement<number>[] => [
  addUserStatement(user),
  addAuditIfChanged(actor, { action: "create", object: userObject(user) }, user.createdMs),
];

/** The world is told of a user who was added in the batch; at its end, since what follows cannot tell what was changed. */
export const userToldStatements = (deps: Deps, actor: Actor, user: User): Statement<unknown>[] =>
  tellFromDirectory(
    deps,
    actor.tenant,
    { type: "user.created", subject: user.id, data: byOf(actor) },
    user.createdMs,
    { when: isUser(user.tenant, user.id) },
  );

/** Has an invitation sent to a user who was added just before in the batch. */
export const inviteIfChanged = (deps: Deps, user: User): Statement<number>[] =>
  linkIfChanged(deps, user, "invite");

/** Has a link sent that proves the address of a user who was added just before in the batch. */
export const verifyLinkIfChanged = (deps: Deps, user: User): Statement<number>[] =>
  linkIfChanged(deps, user, "verify");

const linkIfChanged = (deps: Deps, user: User, purpose: "invite" | "verify"): Statement<number>[] => {
  const link = { id: newId(), purpose, email: user.email };
  const secret = newSecret(user, link, user.createdMs);
  return [addSecretIfChanged(secret), sendLinkIfChanged(deps, secret)];
};

/** For the program that made the user, and sends a browser on. */
const magicIfChanged = (user: User, id: string): Statement<number> =>
  addOpenSecretIfChanged(
    newSecret(user, { id: newId(), purpose: "magic", email: user.email }, user.createdMs),
    digestOf(id.toLowerCase()),
  );

/** No password matches it. */
const NO_PASSWORD = "";

/** Of a tenant that is there the users are as many as they may be. */
async function whyNotAdded(deps: Deps, tenant: TenantId): Promise<Fault> {
  const found = await deps.directory.one(tenantStatement(tenant));
  return found ? tooManyUsers() : new Fault("not_found", "tenant not found");
}

/** Adds a user whose password is already hashed. */
export async function addUser(
  deps: Deps,
  actor: Actor,
  input: NewUser,
  passwordHash: string,
): Promise<UserId> {
  const isVerified = actor.kind === "operator";
  const user = prepareUser(deps, actor.tenant, { ...input, isVerified }, passwordHash);
  const invite = input.isInvited ? inviteIfChanged(deps, user) : [];
  const magic = input.magicId === undefined ? [] : [magicIfChanged(user, input.magicId)];
  const [added] = await givingRights(
    writingEmail(
      deps.directory.batch([
        ...createUserStatements(actor, user),
        ...magic,
        ...invite,
        ...Object.entries(input.logins ?? {}).flatMap((login) => loginStatements(user, login)),
        ...demandRolesStatements(actor.tenant, user.roles),
        ...userToldStatements(deps, actor, user),
      ]),
    ),
  );
  if (added === 0) throw await whyNotAdded(deps, actor.tenant);
  return user.id;
}

/** Without one nobody could sign in who has no password. */
async function requireProvider(deps: Deps, tenant: TenantId): Promise<void> {
  if (await deps.directory.one(hasProviderStatement(tenant))) return;
  throw new Fault("bad_request", "password: cannot be blank.");
}

export async function createUser(
  deps: Deps,
  actor: Actor,
  input: NewUser & { password?: string | undefined },
): Promise<UserId> {
  const { password } = input;
  await requireGivable(deps, actor, input.roles ?? [PERMIT_ALL]);
  if (password === undefined) {
    if (!input.isInvited && !input.logins) await requireProvider(deps, actor.tenant);
    return addUser(deps, actor, input, NO_PASSWORD);
  }
  checkPassword(password, [input.email]);
  return addUser(deps, actor, input, await hashPassword(deps, password));
}

/** Everybody of the tenant, guests as well. */
export const listUsers = (deps: Deps, actor: Actor, filter: UserFilter): Promise<Person[]> =>
  deps.directory.one(peopleStatement(actor.tenant, filter));

export async function getUser(deps: Deps, actor: UserActor, id: UserId): Promise<Person> {
  const person = await deps.directory.one(personStatement(actor.tenant, id));
  if (!person) throw unknownUser();
  return person;
}
