import type { Permission } from "../../platform/permissions.ts";
import type { PermissionSet, Role, ScopeType } from "./schema.ts";

/** A permission set of every tenant: what it permits here, and what of it clients are shown. */
interface BuiltInSet {
  permits: "all" | readonly Permission[];
  scopes?: readonly ScopeType[];
  action: string;
  object: string;
  description: string;
  /** Method and address as the original writes them; shown, never evaluated. */
  shown: readonly (readonly [method: string, address: string])[];
}

const V = "^/api/management/v[1-9]";
const DEVICES = ["DeviceGroups"] as const;
const RELEASES = ["ReleaseTags"] as const;
const READ_RELEASES = [
  ["GET", `${V}/deployments/artifacts`],
  ["GET", `${V}/deployments/deployments/releases`],
  ["GET", `${V}alpha1/deployments/software`],
] as const;

/** Protocol notes, rbac 5, with the corrections that the original's tests make to what was recorded. */
export const BUILT_IN_SETS: Readonly<Record<string, BuiltInSet>> = {
  Basic: {
    permits: [],
    action: "Basic",
    object: "Own user",
    description: "What every user may do",
    shown: [
      ["any", `${V}/useradm/settings$`],
      ["any", `${V}/useradm/settings/me$`],
      ["any", `${V}/useradm/users/me$`],
      ["GET", `${V}/useradm/roles`],
      ["GET", `${V}/useradm/permission_sets`],
    ],
  },
  SuperUser: {
    permits: "all",
    action: "Any",
    object: "Any",
    description: "Everything",
    shown: [["any", `${V}/`]],
  },
  ReadDevices: {
    permits: ["devices:read", "deployments:read"],
    scopes: DEVICES,
    action: "Read",
    object: "Devices",
    description: "See devices and their deployments",
    shown: [
      ["POST", `${V}/inventory/filters/search$`],
      ["GET", `${V}/(deployments|devauth|inventory|devicemonitor)/`],
      ["GET", `${V}/deviceconnect/devices/[^/]+$`],
    ],
  },
  ManageDevices: {
    permits: ["devices:manage"],
    scopes: DEVICES,
    action: "Manage",
    object: "Devices",
    description: "Admit, group and remove devices",
    shown: ["POST", "PUT", "DELETE"].map((method) => [method, `${V}/(devauth|inventory)/`]),
  },
  DeployToDevices: {
    permits: ["deployments:read", "deployments:manage"],
    scopes: DEVICES,
    action: "Deploy",
    object: "Devices",
    description: "Make and abort deployments",
    shown: [["any", `${V}/deployments/deployments`]],
  },
  ConfigureDevices: {
    permits: ["devices:configure"],
    scopes: DEVICES,
    action: "Configure",
    object: "Devices",
    description: "Read, write and deploy configurations",
    shown: [["any", `${V}/deviceconfig/`]],
  },
  ConnectToDevices: {
    permits: ["devices:connect"],
    scopes: DEVICES,
    action: "Connect",
    object: "Devices",
    description: "Open terminals, transfer files, forward ports",
    shown: [
      ["GET", `${V}/deviceconnect/devices/[^/]+/connect$`],
      ["GET", `${V}/deviceconnect/devices/[^/]+/download`],
      ["PUT", `${V}/deviceconnect/devices/[^/]+/upload$`],
    ],
  },
  ReadReleases: {
    permits: ["artifacts:read", "artifacts:download"],
    scopes: RELEASES,
    action: "Read",
    object: "Releases",
    description: "See releases and download artifacts",
    shown: READ_RELEASES,
  },
  ManageReleases: {
    permits: ["artifacts:read", "artifacts:download", "artifacts:manage"],
    scopes: RELEASES,
    action: "Manage",
    object: "Releases",
    description: "See, describe and delete releases and artifacts",
    shown: [
      ...READ_RELEASES,
      ["PUT", `${V}/deployments/artifacts/[^/]+$`],
      ["DELETE", `${V}/deployments/artifacts/[^/]+$`],
      ["PATCH", `${V}/deployments/deployments/releases/`],
      ["DELETE", `${V}/deployments/deployments/releases`],
    ],
  },
  UploadArtifacts: {
    permits: ["artifacts:upload"],
    action: "Upload",
    object: "Artifacts",
    description: "Upload and generate artifacts",
    shown: [["POST", `${V}/deployments/artifacts(/generate|/directupload)?$`]],
  },
  ReadUsers: {
    permits: ["users:read"],
    action: "Read",
    object: "Users",
    description: "See users",
    shown: [["GET", `${V}/useradm/`]],
  },
  ManageUsers: {
    permits: ["users:read", "users:manage"],
    action: "Manage",
    object: "Users",
    description: "Make, change and remove users and roles",
    shown: [["any", `${V}/useradm/`]],
  },
  ManageTokens: {
    permits: ["tokens:manage"],
    action: "Manage",
    object: "Tokens",
    description: "Make personal access tokens",
    shown: [["any", `${V}/useradm/settings/tokens`]],
  },
  ReadTenants: {
    permits: ["tenants:read"],
    action: "Read",
    object: "Tenants",
    description: "See tenants",
    shown: ["GET", "POST"].map((method) => [method, `${V}/tenantadm/`]),
  },
  ManageTenants: {
    permits: ["tenants:read", "tenants:manage"],
    action: "Manage",
    object: "Tenants",
    description: "Make and change tenants",
    shown: ["GET", "POST", "PUT"].map((method) => [method, `${V}/tenantadm/`]),
  },
  ReadAuditLogs: {
    permits: ["audit:read"],
    action: "Read",
    object: "Audit logs",
    description: "See the audit log and everybody's sessions",
    shown: [["GET", `${V}/auditlogs/logs`]],
  },
};

export const isBuiltInSet = (name: string): boolean => Object.hasOwn(BUILT_IN_SETS, name);

const toWire = (name: string, set: BuiltInSet): PermissionSet => ({
  name,
  action: set.action,
  object: set.object,
  description: set.description,
  permissions:
    set.permits === "all"
      ? [{ action: "any", object: { type: "any", value: "any" } }]
      : set.shown.map(([type, value]) => ({ action: "http", object: { type, value } })),
  ...(set.scopes && { supported_scope_types: [...set.scopes] }),
});

export const BUILT_IN_SET_OBJECTS: readonly PermissionSet[] = Object.entries(BUILT_IN_SETS).map(
  ([name, set]) => toWire(name, set),
);

const role = (name: string, description: string, ...sets: string[]): Role => ({
  name,
  description,
  permissions: undefined,
  permission_sets_with_scope: sets.map((set) => ({ name: set, scope: undefined })),
});

/** As clients are shown them; what they permit is with the permissions. */
export const BUILT_IN_ROLE_OBJECTS: readonly Role[] = [
  role("RBAC_ROLE_PERMIT_ALL", "Full access", "SuperUser"),
  role("RBAC_ROLE_OBSERVER", "Read access", "ReadReleases", "ReadDevices"),
  role("RBAC_ROLE_CI", "Manage releases", "ReadReleases", "ManageReleases", "UploadArtifacts"),
  role("RBAC_ROLE_DEPLOYMENTS_MANAGER", "Manage deployments", "DeployToDevices"),
  role("RBAC_ROLE_REMOTE_TERMINAL", "Connect to devices", "ConnectToDevices"),
];
