import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { newId } from "../platform/ids.ts";
import { oneLine } from "../platform/mail.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { tokensEnded } from "./events.ts";
import { expiryMs, issueUserToken } from "./issue.ts";
import { addSessionIfChanged, MAX_SESSIONS, trimSessionsStatement } from "./session-store.ts";
import { addSignInIfChanged } from "./sign-in-audit.ts";
import type { Account } from "./user-store.ts";

/** Browsers say much about themselves; the beginning tells them apart. */
const MAX_USER_AGENT = 256;

/** Who asks for a session, as far as it is known. */
export interface Client {
  network: string | undefined;
  userAgent?: string | undefined;
}

/** The rows of a session, for the batch in which its user has proved to be one; and its token, for afterwards. */
export interface Opening {
  /** Right after the statement that lets the user in; nothing happens if that changed nothing. */
  begin: Statement<number>[];
  end: Statement<number>[];
  token: () => Promise<string>;
}

export function opening(
  deps: Deps,
  account: Account,
  {
    network,
    userAgent,
    lifeS,
    provider,
    providerSession,
  }: Client & { lifeS: number | undefined; provider?: string; providerSession?: string | undefined },
): Opening {
  const now = deps.now();
  const id = newId();
  const session = {
    id,
    tenant: account.tenant,
    user: account.id,
    createdMs: now,
    expiresMs: expiryMs(deps, lifeS),
    userAgent: userAgent === undefined ? null : oneLine(userAgent).slice(0, MAX_USER_AGENT),
    network: network ?? null,
    provider: provider ?? null,
    providerSession: providerSession ?? null,
  };
  return {
    begin: [addSessionIfChanged(session), addSignInIfChanged(account, network, now)],
    end: [
      trimSessionsStatement(session, MAX_SESSIONS),
      addEventIfChanged(tokensEnded(account.tenant, account.id), now),
    ],
    token: () =>
      issueUserToken(deps, {
        id,
        tenant: account.tenant,
        user: account.id,
        subscription: {
          plan: account.plan,
          addons: account.addons,
          trial: (account.trialEndsMs ?? 0) > now,
        },
        lifeS,
      }),
  };
}
