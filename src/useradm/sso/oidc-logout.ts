import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTPayload } from "jose";
import { addAudit } from "../../platform/audit.ts";
import { refusalOf } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { addEvent } from "../../platform/outbox.ts";
import { tokensEnded } from "../events.ts";
import { endVouchedStatements, vouchedSessionsStatement } from "./logout-store.ts";
import { oidcDetails } from "./oidc-settings.ts";
import { ANSWERED, takeAnswerStatements } from "./person-store.ts";
import { ProviderKeys } from "./provider-keys.ts";
import type { Provider } from "./provider-store.ts";
import { SignInRefused } from "./refusal.ts";

/** What tells a logout from an identity, which is signed by the same key (OpenID Connect Back-Channel Logout, 2.4). */
const EVENT = "http://schemas.openid.net/event/backchannel-logout";
/** By keys that the provider alone has. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const TYPES = [undefined, "JWT", "logout+jwt"];
const SKEW_S = 60;
const MAX_AGE_S = 300;
const MAX_TEXT = 512;

interface Logout {
  id: string;
  subject: string | undefined;
  session: string | undefined;
}

const refuse = (reason: string): never => {
  throw new SignInRefused(reason);
};

async function verified(deps: Deps, provider: Provider, token: string): Promise<JWTPayload> {
  const { server, clientId } = oidcDetails(provider);
  const keys = new ProviderKeys(deps, server.jwks_uri);
  const check = async () => {
    const set = (await (await keys.read()).json()) as JSONWebKeySet; // the library looks at what it is given
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(set), {
      issuer: provider.issuer,
      audience: clientId,
      algorithms: ALGORITHMS,
      clockTolerance: SKEW_S,
      maxTokenAge: MAX_AGE_S,
      requiredClaims: ["iat", "jti", "events"],
      currentDate: new Date(deps.now()),
    });
    if (!TYPES.includes(protectedHeader.typ)) refuse("the token is not about a logout");
    return payload;
  };
  const wereKept = keys.areKept;
  try {
    return await check();
  } catch (cause) {
    if (!(cause instanceof errors.JWKSNoMatchingKey) || !wereKept) throw cause;
    keys.forget();
    return check();
  }
}

const textIn = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= MAX_TEXT ? value : undefined;

async function logoutIn(deps: Deps, provider: Provider, token: string): Promise<Logout> {
  const { events, nonce, jti, sub, sid } = await verified(deps, provider, token);
  const isLogout = typeof events === "object" && events !== null && Object.hasOwn(events, EVENT);
  if (!isLogout || nonce !== undefined) refuse("the token is not about a logout");
  const [id, subject, session] = [textIn(jti), textIn(sub), textIn(sid)];
  if (id === undefined || (subject === undefined && session === undefined))
    refuse("the token names no session");
  return { id: id ?? "", subject, session };
}

/** Ends what the provider has vouched for: one of its sessions, or all of a subject. A token is taken once. */
async function endSessions(deps: Deps, provider: Provider, logout: Logout): Promise<void> {
  const now = deps.now();
  const sessions = await deps.directory.one(vouchedSessionsStatement(provider, logout));
  const users = new Map(sessions.map((one) => [`${one.tenant}/${one.user}`, one]));
  const used = { id: `logout ${logout.id}`, untilMs: now + 2 * MAX_AGE_S * 1000 };
  const change = `Signed out at ${provider.issuer}`;
  await deps.directory.batch([
    ...takeAnswerStatements(provider, used),
    ...endVouchedStatements(sessions),
    ...[...users.values()].flatMap(({ tenant, user }) => [
      addAudit(
        { kind: "system", tenant },
        { action: "delete", object: { type: "user_session", id: user }, change },
        now,
      ),
      addEvent(tokensEnded(tenant, user), now),
    ]),
  ]);
}

export async function signOut(deps: Deps, provider: Provider, token: string): Promise<void> {
  try {
    await endSessions(deps, provider, await logoutIn(deps, provider, token));
  } catch (cause) {
    if (refusalOf(cause) === ANSWERED) throw new SignInRefused("this token was used before", { cause });
    if (!(cause instanceof errors.JOSEError)) throw cause;
    deps.log.info("logout refused", { provider: provider.id, cause });
    throw new SignInRefused("the token does not hold", { cause });
  }
}
