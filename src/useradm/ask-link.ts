import type { Deps } from "../platform/deps.ts";
import { DEFAULT_TENANT } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { mailOrigin } from "./account-mails.ts";
import { LINK_ASKED } from "./events.ts";
import { blockedUntilStatement, countFailureStatement, ifChanged, noneBlocked } from "./throttle-store.ts";
import { refuseBlocked, refuseRemembered, subjectsOf, throttledMail } from "./throttle.ts";

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
  const subjects = subjectsOf(throttled);
  const data = { purpose, email: asker.email, origin: mailOrigin(deps) };
  const [blockedUntilMs] = await deps.directory.batch([
    blockedUntilStatement(subjects),
    ...throttled.map(({ subject, rule }, at) =>
      countFailureStatement(subject, rule, now, at === 0 ? noneBlocked(subjects, now) : ifChanged),
    ),
    addEventIfChanged({ kind: LINK_ASKED, tenant: DEFAULT_TENANT, subject: purpose, data }, now),
  ]);
  refuseBlocked(deps, throttled, blockedUntilMs);
}
