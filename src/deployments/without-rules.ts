import type { TenantId } from "../platform/ids.ts";

/** What an isolate remembers at most; then it begins anew. */
const MOST = 1000;

const known = new Set<string>();

const keyOf = (tenant: TenantId, deployment: string): string => `${tenant} ${deployment}`;

/** Whether this isolate knows of a deployment that nothing but its opening and its list decides who joins: no later change gives it rules. */
export const isWithoutRules = (tenant: TenantId, deployment: string): boolean =>
  known.has(keyOf(tenant, deployment));

export function rememberWithoutRules(tenant: TenantId, deployment: string): void {
  if (known.size >= MOST) known.clear();
  known.add(keyOf(tenant, deployment));
}
