import { z } from "zod";
import type { Deps } from "../../platform/deps.ts";
import { seal, unseal } from "../../platform/seal.ts";
import type { Provider } from "./provider-store.ts";

/** People look for their passwords and phones in between. */
export const PENDING_LIFE_S = 600;

const Pending = z.object({
  /** What the answer has to name. */
  request: z.string(),
  untilMs: z.number(),
  nonce: z.string().optional(),
  verifier: z.string().optional(),
});

/**
 * A sign-in that somebody began. Their browser keeps it, sealed, so that strangers who begin many cost no rows, and so that
 * an answer works in the browser alone that asked.
 */
export type Pending = z.output<typeof Pending>;

const contextOf = ({ id, issuer }: Provider) => `sso sign-in at ${id} of ${issuer}`;

/** Several can be under way in one browser. */
export const cookieOf = (request: string): string =>
  `sso_${request.replace(/[^A-Za-z0-9]/g, "").slice(0, 16)}`;

export const sealPending = (deps: Deps, provider: Provider, pending: Pending): Promise<string> =>
  seal(deps.keys, JSON.stringify(pending), contextOf(provider));

/** What the browser was given for this provider, if it is about this request and not too old. */
export async function openPending(
  deps: Deps,
  provider: Provider,
  { cookie, request }: { cookie: string | undefined; request: string },
): Promise<Pending | undefined> {
  const text = cookie === undefined ? undefined : await unseal(deps.keys, cookie, contextOf(provider));
  if (text === undefined) return undefined;
  const pending = Pending.parse(JSON.parse(text)); // nobody else can seal one
  return pending.request === request && pending.untilMs > deps.now() ? pending : undefined;
}
