export const PERMISSIONS = [
  /** What every user may do: own profile, own settings, own tokens, and what each page of the web UI reads. */
  "basic",
  "devices:read",
  "devices:manage",
  "devices:configure",
  "devices:connect",
  "deployments:read",
  "deployments:manage",
  "artifacts:read",
  "artifacts:download",
  "artifacts:manage",
  "artifacts:upload",
  "users:read",
  "users:manage",
  /** To make tokens that outlive a session. */
  "tokens:manage",
  /** What the tenant's users share: its settings, the keys it trusts. */
  "settings:manage",
  "audit:read",
  /** The tenants below a service provider's own. */
  "tenants:read",
  "tenants:manage",
  /** To have a copy of everything that the tenant has. */
  "tenant:export",
] as const;

export type Permission = (typeof PERMISSIONS)[number];
