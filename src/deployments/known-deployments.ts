import type { TenantId } from "../platform/ids.ts";

/** What an isolate remembers at most; then it begins anew. */
const MOST = 1000;

/** What the last report in a deployment told of it. */
export interface KnownDeployment {
  /** Nothing but its opening and its list decides who joins: no later change gives it rules. */
  withoutRules: boolean;
  /** It was in progress, which only a restore takes back. */
  hasBegun: boolean;
  /** Other devices were not through with it, which a report has to make sure of. */
  hasMore: boolean;
  /** Nobody wanted to be told of what happens, which a report has to make sure of too. */
  isUnheard: boolean;
}

const UNKNOWN: KnownDeployment = {
  withoutRules: false,
  hasBegun: false,
  hasMore: false,
  isUnheard: false,
};

const known = new Map<string, KnownDeployment>();

const keyOf = (tenant: TenantId, deployment: string): string => `${tenant} ${deployment}`;

/** What this isolate knows of a deployment. */
export const knownDeployment = (tenant: TenantId, deployment: string): KnownDeployment =>
  known.get(keyOf(tenant, deployment)) ?? UNKNOWN;

export function rememberDeployment(tenant: TenantId, deployment: string, told: KnownDeployment): void {
  if (known.size >= MOST) known.clear();
  known.set(keyOf(tenant, deployment), told);
}
