import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { DEFAULT_TENANT } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { mailOrigin } from "./account-mails.ts";
import { LINK_ASKED } from "./events.ts";
import { blockedUntilStatement, countFailureStatement, ifChanged, noneBlocked } from "./throttle-store.ts";
import { refuseBlocked, refuseRemembered, subjectsOf, throttledMail, type Throttled } from "./throttle.ts";

/** Until when no mail is sent, and one more is counted if it may be. */
const turnStatements = (
  throttled: Throttled,
  nowMs: number,
): [until: Statement<number>, ...counted: Statement<number>[]] => {
  const subjects = subjectsOf(throttled);
  return [
    blockedUntilStatement(subjects),
    ...throttled.map(({ subject, rule }, at) =>
      countFailureStatement(subject, rule, nowMs, at === 0 ? noneBlocked(subjects, nowMs) : ifChanged),
    ),
  ];
};

/** Counts a mail that somebody has sent to an address; throws 429 to who has had many. */
export async function takeMailTurn(
  deps: Deps,
  purpose: string,
  asker: { email: string; network: string | undefined },
): Promise<void> {
  const throttled = throttledMail(purpose, asker);
  refuseRemembered(deps, throttled);
  const [blockedUntilMs] = await deps.directory.batch(turnStatements(throttled, deps.now()));
  refuseBlocked(deps, throttled, blockedUntilMs);
}

/**
 * Has a link sent to an address, if it is somebody's. That is found out after the answer, so that asking for an unknown
 * address looks, counts and costs the same.
 */
export async function askForLink(
  deps: Deps,
  purpose: "verify" | "reset",
  asker: { email: string; network: string | undefined },
): Promise<void> {
  const now = deps.now();
  const throttled = throttledMail(purpose, asker);
  refuseRemembered(deps, throttled);
  const data = { purpose, email: asker.email, origin: mailOrigin(deps) };
  const [blockedUntilMs] = await deps.directory.batch([
    ...turnStatements(throttled, now),
    addEventIfChanged({ kind: LINK_ASKED, tenant: DEFAULT_TENANT, subject: purpose, data }, now),
  ]);
  refuseBlocked(deps, throttled, blockedUntilMs);
}
