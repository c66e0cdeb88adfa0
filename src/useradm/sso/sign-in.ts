import type { SystemActor } from "../../platform/actor.ts";
import { addAuditIfChanged } from "../../platform/audit.ts";
import { refusalOf, type Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import type { TenantId } from "../../platform/ids.ts";
import { opening, type Client } from "../open-session.ts";
import { givingRights } from "../roles/roles.ts";
import { demandRolesStatements } from "../roles/store.ts";
import { EmailText } from "../schema.ts";
import type { Account } from "../user-store.ts";
import { createUserStatements, prepareUser, userObject, userToldStatements, writingEmail } from "../users.ts";
import { sameRoles, writeUser } from "../write-user.ts";
import type { Person } from "./person.ts";
import {
  ANSWERED,
  candidateStatement,
  demandUserStatement,
  identifiedStatement,
  linkStatement,
  NO_ROOM,
  stampSsoStatement,
  takeAnswerStatements,
  type Candidate,
  type Identity,
} from "./person-store.ts";
import type { OpenProvider } from "./provider-store.ts";
import { SignInRefused } from "./refusal.ts";
import type { Mapping } from "./schema.ts";

/** The provider cannot be asked again whether it still vouches for somebody. */
const SSO_SESSION_S = 86_400;

/** A key of the database. */
const MAX_SUBJECT = 512;

/** Roles by what the provider says; undefined where it says nothing about them. */
function mappedRoles(mapping: Mapping, person: Person): string[] | undefined {
  if (mapping.roles_attribute === undefined) return undefined;
  const given = person
    .valuesOf(mapping.roles_attribute)
    .flatMap((value) => (Object.hasOwn(mapping.roles, value) ? (mapping.roles[value] ?? []) : []));
  const roles = given.length > 0 ? given : mapping.default_roles;
  if (roles.length === 0) throw new SignInRefused("the provider gives you no role here");
  return [...new Set(roles)];
}

/** A user, whether the provider has vouched for them before, and what makes them if they are new. */
interface Found {
  account: Account;
  isLinked: boolean;
  making: Statement<unknown>[];
}

const systemOf = (tenant: TenantId): SystemActor => ({ kind: "system", tenant });

/** A user who was made for this, and whom the provider may vouch for from now on. */
function claimed(candidate: Candidate, person: Person): Account {
  if (!candidate.belongs) throw new SignInRefused("there is no user of this address here");
  if (candidate.isTaken) throw new SignInRefused("the user of this address is somebody else at the provider");
  if (candidate.passwordHash !== "" && !candidate.mustUseProvider)
    throw new SignInRefused("the user of this address signs in with a password");
  if (person.isVerified === false)
    throw new SignInRefused("the provider has not verified your e-mail address");
  return candidate;
}

/** Somebody seen for the first time, where the mapping makes users of them. */
function newcomer(
  deps: Deps,
  provider: OpenProvider,
  { person, email, roles }: { person: Person; email: string; roles: string[] | undefined },
): Found {
  const { mapping, tenant } = provider;
  if (!mapping.create_users) throw new SignInRefused("there is no user of this address here");
  if (person.isVerified === false)
    throw new SignInRefused("the provider has not verified your e-mail address");
  const given = roles ?? mapping.default_roles;
  if (given.length === 0) throw new SignInRefused("the provider gives you no role here");
  const user = prepareUser(deps, tenant, { email, roles: given, isVerified: true }, "");
  return {
    account: {
      ...user,
      tenantStatus: provider.tenantStatus,
      plan: provider.subscription.plan,
      addons: provider.subscription.addons,
      trialEndsMs: null,
      hasPasskey: false,
      mustHaveFactor: false,
      mustUseProvider: false,
    },
    isLinked: false,
    making: [
      ...createUserStatements(systemOf(tenant), user),
      demandUserStatement(user),
      ...demandRolesStatements(tenant, given),
      ...userToldStatements(deps, systemOf(tenant), user),
    ],
  };
}

/** Gives a user the roles that the provider says now; never takes those of the last administrator. */
async function withRoles(deps: Deps, account: Account, roles: string[] | undefined): Promise<void> {
  if (!roles || sameRoles(account.roles, roles)) return;
  const after = { ...account, roles };
  const { updated } = await writeUser(deps, systemOf(account.tenant), { before: account, after });
  if (!updated) deps.log.info("roles of the provider not given", { user: account.id });
}

async function find(
  deps: Deps,
  provider: OpenProvider,
  { person, identity }: { person: Person; identity: Identity },
): Promise<Found> {
  const roles = mappedRoles(provider.mapping, person);
  const email = EmailText.safeParse(person.email);
  const [known, candidate] = await deps.directory.batch([
    identifiedStatement(identity),
    candidateStatement(provider, email.data ?? ""),
  ]);
  if (!known && !email.success) throw new SignInRefused("the provider sent no e-mail address");
  if (!known && !candidate) return newcomer(deps, provider, { person, email: email.data ?? "", roles });
  const account = known ?? claimed(candidate as Candidate, person); // one of both is there
  if (account.tenantStatus !== "active") throw new SignInRefused("tenant account suspended");
  if (account.suspendedMs !== null) throw new SignInRefused("your account is suspended");
  await withRoles(deps, account, roles);
  return { account, isLinked: known !== undefined, making: [] };
}

/** From now on the provider may vouch for this user; the audit log tells it. */
function linking(deps: Deps, identity: Identity, account: Account): Statement<number>[] {
  const entry = {
    action: "auth_method_change",
    object: userObject(account),
    change: `Signs in as ${identity.subject} of ${identity.provider.issuer}`,
  };
  const now = deps.now();
  return [linkStatement(identity, account, now), addAuditIfChanged(systemOf(account.tenant), entry, now)];
}

/** Lets somebody in whom the provider vouches for: one answer to one request, once. Answers a session's token. */
export async function signIn(
  deps: Deps,
  provider: OpenProvider,
  { person, request, client }: { person: Person; request: { id: string; untilMs: number }; client: Client },
): Promise<string> {
  if (person.subject === "" || person.subject.length > MAX_SUBJECT)
    throw new SignInRefused("the provider sent no identity");
  const identity = { provider, subject: person.subject };
  const { account, isLinked, making } = await find(deps, provider, { person, identity });
  const now = deps.now();
  const first = [
    ...takeAnswerStatements(provider, request),
    ...making,
    ...(isLinked ? [] : linking(deps, identity, account)),
  ];
  const leftS = person.untilMs === undefined ? SSO_SESSION_S : Math.ceil((person.untilMs - now) / 1000);
  const { begin, end, token } = opening(deps, account, {
    ...client,
    lifeS: Math.min(SSO_SESSION_S, leftS),
    provider: provider.id,
    providerSession: person.session,
  });
  const isProved = person.isVerified !== false && person.email?.toLowerCase() === account.email;
  const stamp = stampSsoStatement(account, identity, isProved, now);
  const batch = deps.directory.batch([...first, stamp, ...begin, ...end]);
  const results = await writingEmail(givingRights(batch)).catch(refused);
  if (results[first.length] !== 1) throw new SignInRefused("you cannot be let in here");
  return token();
}

function refused(cause: unknown): never {
  const refusal = refusalOf(cause);
  if (refusal === ANSWERED) throw new SignInRefused("this answer of the provider was used before", { cause });
  if (refusal === NO_ROOM)
    throw new SignInRefused("the tenant has as many users as its limit allows", { cause });
  if (cause instanceof Fault && cause.status < 500) throw new SignInRefused(cause.publicMessage, { cause });
  throw cause;
}
