import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { addAudit } from "../../platform/audit.ts";
import type { AppEnv } from "../../platform/app-env.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { oneLine } from "../../platform/mail.ts";
import { requireFeature } from "../../platform/plans.ts";
import { blockedUntilStatement } from "../throttle-store.ts";
import { countFailureStatements, refuseBlocked, subjectsOf, throttledProvider } from "../throttle.ts";
import { handOver, UI } from "../hand-over.ts";
import { cookieOf, openPending, PENDING_LIFE_S, sealPending, type Pending } from "./pending.ts";
import type { Person } from "./person.ts";
import { openProviderStatement, type OpenProvider } from "./provider-store.ts";
import { refreshLater } from "./refresh.ts";
import { SignInRefused } from "./refusal.ts";
import { signIn } from "./sign-in.ts";
import type { ProviderKind } from "./tables.ts";

const isSecure = ({ origin }: Deps) => origin.startsWith("https:");

/** What a browser came to. */
export interface Visit {
  provider: OpenProvider;
  network: string | undefined;
}

/** The provider that an address names, if its tenant may use it. */
export async function visited(c: Context<AppEnv>, id: string, kind: ProviderKind): Promise<Visit> {
  const { deps } = c.var;
  const network = await deps.network();
  const throttled = throttledProvider(id, network);
  const [provider, blockedUntilMs] = await deps.directory.batch([
    openProviderStatement(id, deps.now()),
    blockedUntilStatement(subjectsOf(throttled)),
  ]);
  if (provider?.kind !== kind) throw new Fault("not_found", "not found");
  refuseBlocked(deps, throttled, blockedUntilMs);
  if (provider.tenantStatus !== "active") throw new Fault("forbidden", "tenant account suspended");
  requireFeature(deps.settings.PLANS, provider.subscription, "sso");
  if (provider.issuer === "") throw new Fault("unprocessable", "the metadata have not been uploaded yet");
  return { provider, network };
}

/** Sends a browser to the provider. */
export async function depart(
  c: Context<AppEnv>,
  { provider }: Visit,
  { location, pending }: { location: string; pending: Pending },
): Promise<Response> {
  const { deps } = c.var;
  refreshLater(deps, provider);
  // The answer of a SAML provider is a form that another site posts here.
  const isPosted = provider.kind === "saml";
  setCookie(c, cookieOf(pending.request), await sealPending(deps, provider, pending), {
    path: "/api/management/v1/useradm",
    httpOnly: true,
    sameSite: isPosted ? "None" : "Lax",
    secure: isPosted || isSecure(deps),
    maxAge: PENDING_LIFE_S,
  });
  c.header("Cache-Control", "no-store");
  return c.redirect(location, 302);
}

const isPowerOfTwo = (count: number): boolean => (count & (count - 1)) === 0;

/** Counts a refusal; the first, second, fourth and so on of an hour are told in the audit log, that no flood fills it. */
async function countRefusal(deps: Deps, { provider, network }: Visit, reason: string): Promise<void> {
  const [count = 0] = await deps.directory.batch(
    countFailureStatements(throttledProvider(provider.id, network), deps.now()),
  );
  if (!isPowerOfTwo(count)) return;
  const entry = {
    action: "sign_in_refused",
    object: { type: "sso_provider", id: provider.id },
    change: `From ${network ?? "an unknown address"}: ${reason}${count === 1 ? "" : `; ${count} within the hour`}`,
  };
  const told = deps
    .db(provider.tenant)
    .uncounted()
    .one(addAudit({ kind: "system", tenant: provider.tenant }, entry, deps.now()));
  deps.later(told.catch((cause: unknown) => deps.log.error("refused sign-in not recorded", { cause })));
}

/** People are led back to the login form, which shows the text; programs hear a status. */
function answerRefusal(c: Context<AppEnv>, reason: string): Response {
  if (!c.req.header("accept")?.includes("text/html")) throw new Fault("bad_request", reason);
  setCookie(c, "error", reason, { path: "/", sameSite: "Lax", secure: isSecure(c.var.deps), maxAge: 60 });
  return c.redirect(c.var.deps.origin + UI, 302);
}

/** An answer of which not even the request can be told. */
export async function arriveUnread(
  c: Context<AppEnv>,
  visit: Visit,
  { message }: SignInRefused,
): Promise<Response> {
  const reason = oneLine(message);
  await countRefusal(c.var.deps, visit, reason);
  return answerRefusal(c, reason);
}

/** Runs what a provider itself asks for; what does not hold is counted as a wrong answer is. */
export async function told(c: Context<AppEnv>, visit: Visit, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (!(cause instanceof SignInRefused)) throw cause;
    const reason = oneLine(cause.message);
    await countRefusal(c.var.deps, visit, reason);
    throw new Fault("bad_request", reason, { cause });
  }
}

/** Takes the answer of a provider: a session for whom it vouches for, handed over to the web UI. */
export async function arrive(
  c: Context<AppEnv>,
  visit: Visit,
  { request, read }: { request: string; read: (pending: Pending) => Promise<Person> },
): Promise<Response> {
  const { deps } = c.var;
  const { provider, network } = visit;
  const cookie = cookieOf(request);
  c.header("Cache-Control", "no-store");
  try {
    const pending = await openPending(deps, provider, { cookie: getCookie(c, cookie), request });
    if (!pending) throw new SignInRefused("the sign-in was not begun in this browser, or too long ago");
    deleteCookie(c, cookie, { path: "/api/management/v1/useradm" });
    const client = { network, userAgent: c.req.header("user-agent") };
    const person = await read(pending);
    const token = await signIn(deps, provider, {
      person,
      request: { id: request, untilMs: pending.untilMs },
      client,
    });
    handOver(c, token);
    return c.redirect(deps.origin + UI, 302);
  } catch (cause) {
    if (!(cause instanceof SignInRefused)) throw cause;
    return arriveUnread(c, visit, cause);
  }
}
