import type { CallLimits } from "./call-limits.ts";
import type { Subscription } from "./plans.ts";
import type { DeviceId, TenantId, UserId } from "./ids.ts";
import type { Rights } from "./rights.ts";

export interface UserActor {
  kind: "user";
  tenant: TenantId;
  /** Where the account is kept, if that is another tenant. */
  home?: TenantId;
  user: UserId;
  email: string;
  /** `jti` of the token in use. */
  token: string;
  roles: readonly string[];
  /** What the roles, and the token if it may do less, allow. */
  rights: Rights;
  /** The same at every address, where `rights` is what holds at the one of the request. */
  held?: Rights;
  /** The tenant demands a second factor and the user has none: good for `basic` only. */
  mustEnrol?: boolean;
  /** By a token that may do less than its user: it gives nobody rights, and its user's account is not its to change. */
  isLimited?: boolean;
  /** By a token that says that tools of assistants may change something. */
  toolsWrite?: boolean;
}

/** A user whose token was found live, with what the tenant has subscribed to. */
export interface LiveUser extends UserActor {
  subscription: Subscription;
  /** Of each user of the tenant; absent for any number of calls. */
  calls?: CallLimits | undefined;
}

/** The operator of the installation, acting inside one tenant. */
export interface OperatorActor {
  kind: "operator";
  tenant: TenantId;
}

/** A queue or cron job acting for a tenant. */
export interface SystemActor {
  kind: "system";
  tenant: TenantId;
}

/** Whoever may call a management verb of a domain. */
export type Actor = UserActor | OperatorActor | SystemActor;

/** A device token whose signature holds. Not yet known to be live: only `asLiveDevice` turns it into a `DeviceActor`. */
export interface DeviceClaim {
  kind: "device-claim";
  tenant: TenantId;
  device: DeviceId;
  authSet: string;
  /** As it was when the token was issued. */
  subscription: Subscription;
  /** The same; absent for any number of calls. */
  calls?: CallLimits | undefined;
  issuedS: number;
  /** Absent for a token without end. */
  expiresS?: number | undefined;
}

/** A device whose token was found live in the database within this request. */
export interface DeviceActor {
  kind: "device";
  tenant: TenantId;
  device: DeviceId;
}
