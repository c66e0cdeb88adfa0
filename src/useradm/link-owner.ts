import type { UserActor } from "../platform/actor.ts";
import { NO_RIGHTS } from "../platform/rights.ts";
import type { User } from "./user-store.ts";

/** Whoever follows a link that was sent to a user acts as that user, without a token. */
export const ownerOf = (user: User): UserActor => ({
  kind: "user",
  tenant: user.tenant,
  user: user.id,
  email: user.email,
  token: "",
  roles: user.roles,
  rights: NO_RIGHTS,
});
