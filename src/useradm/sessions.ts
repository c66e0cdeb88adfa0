import type { UserActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import type { UserId } from "../platform/ids.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { tokensEnded } from "./events.ts";
import {
  endSessionsStatement,
  endSessionStatement,
  sessionsStatement,
  type Session,
} from "./session-store.ts";
import { personStatement } from "./people-store.ts";
import { unknownUser } from "./users.ts";

export async function listSessions(deps: Deps, actor: UserActor, user: UserId): Promise<Session[]> {
  const [found, sessions] = await deps.directory.batch([
    personStatement(actor.tenant, user),
    sessionsStatement(actor.tenant, user, deps.now()),
  ]);
  if (!found) throw unknownUser();
  return sessions;
}

async function end(
  deps: Deps,
  actor: UserActor,
  user: UserId,
  ending: { statement: Statement<number>; change: string },
): Promise<void> {
  const entry = { action: "delete", object: { type: "user_session", id: user }, change: ending.change };
  await deps.directory.batch([
    ending.statement,
    addAuditIfChanged(actor, entry, deps.now()),
    addEventIfChanged(tokensEnded(actor.tenant, user), deps.now()),
  ]);
}

/** Ends one session; an unknown one is no fault. */
export const endSession = (deps: Deps, actor: UserActor, user: UserId, id: string): Promise<void> =>
  end(deps, actor, user, {
    statement: endSessionStatement(actor.tenant, user, id),
    change: `Ended session ${id}`,
  });

/** Ends all sessions, on wish but that of the call. */
export const endSessions = (
  deps: Deps,
  actor: UserActor,
  user: UserId,
  { keepCurrent }: { keepCurrent: boolean },
): Promise<void> =>
  end(deps, actor, user, {
    statement: endSessionsStatement(actor.tenant, user, keepCurrent ? actor.token : ""),
    change: keepCurrent ? "Ended all other sessions" : "Ended all sessions",
  });
