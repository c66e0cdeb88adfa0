import type { z } from "@hono/zod-openapi";
import { rfc3339 } from "../platform/clock.ts";
import { addonsWire } from "../platform/plans.ts";
import { subscriptionOfTenant, type ApiLimits } from "../tenants/index.ts";
import type { Tenant } from "./schema.ts";
import type { TenantView } from "./views.ts";

const NO_CALL_LIMITS = { bursts: [], quota: { max_calls: 0, interval_sec: 0 } };
const NO_API_LIMITS: ApiLimits = { management: NO_CALL_LIMITS, devices: NO_CALL_LIMITS };

export const TIER_LIMITS = ["max_devices", "max_micro_devices", "max_system_devices"] as const;
export type TierLimit = (typeof TIER_LIMITS)[number];

const UNLIMITED = -1;

const limitOf = ({ limits }: TenantView, name: TierLimit): number => limits[name] ?? UNLIMITED;

const deviceLimits = (view: TenantView) => {
  const of = (name: TierLimit) => ({
    name,
    tenant_id: view.tenant.id,
    current_value: view.used[name] ?? 0,
    value: limitOf(view, name),
  });
  return {
    max_devices: of("max_devices"),
    max_micro_devices: of("max_micro_devices"),
    max_system_devices: of("max_system_devices"),
  };
};

export interface Shown {
  token?: boolean;
  tiers?: boolean | undefined;
}

/** The tenant object (protocol notes, tenancy and audit 2). */
export function tenantWire(view: TenantView, nowMs: number, shown: Shown = {}): z.input<typeof Tenant> {
  const { tenant } = view;
  return {
    id: tenant.id,
    name: tenant.name,
    ...(shown.token && { tenant_token: tenant.token }),
    status: tenant.status,
    plan: tenant.plan,
    trial: subscriptionOfTenant(tenant, nowMs).trial,
    ...(tenant.trialEndsMs !== null && { trial_expiration: rfc3339(tenant.trialEndsMs) }),
    addons: addonsWire(tenant.addons),
    service_provider: tenant.serviceProvider,
    ...(tenant.parent !== null && { parent_tenant_id: tenant.parent }),
    ...(tenant.maxChildren !== null && { max_child_tenants: tenant.maxChildren }),
    additional_info: tenant.additionalInfo,
    api_limits: tenant.apiLimits ?? NO_API_LIMITS,
    device_count: view.used.max_devices ?? 0,
    device_limit: limitOf(view, "max_devices"),
    ...(shown.tiers && { device_limits: deviceLimits(view) }),
    binary_delta: tenant.binaryDelta,
    created_at: rfc3339(tenant.createdMs),
    updated_at: rfc3339(tenant.updatedMs),
    ...(tenant.cancelledMs !== null && { cancelled_at: rfc3339(tenant.cancelledMs) }),
    ...(tenant.suspendAtMs !== null && { suspend_at: rfc3339(tenant.suspendAtMs) }),
  };
}
