import { boot, has, may } from "./api/session.ts";
import type { IconName } from "./parts/icon.tsx";

interface Entry {
  path: string;
  title: string;
  icon: IconName;
  /** Whether there is anything on the page for who is signed in, on this server. */
  isFor: () => boolean;
}

/** The menu, in its order. */
export const MENU: readonly Entry[] = [
  { path: "/", title: "Home", icon: "home", isFor: () => true },
  { path: "/devices", title: "Devices", icon: "devices", isFor: () => may("devices:read") },
  { path: "/admission", title: "Admission", icon: "admission", isFor: () => may("devices:manage") },
  { path: "/releases", title: "Releases", icon: "releases", isFor: () => may("artifacts:read") },
  { path: "/deployments", title: "Deployments", icon: "deployments", isFor: () => may("deployments:read") },
  { path: "/alerts", title: "Alerts", icon: "alerts", isFor: () => may("devices:read") && has("monitoring") },
  {
    path: "/sessions",
    title: "Sessions",
    icon: "sessions",
    isFor: () => may("audit:read") && has("terminal"),
  },
  { path: "/integrations", title: "Integrations", icon: "integrations", isFor: () => may("settings:manage") },
  {
    path: "/tenants",
    title: "Tenants",
    icon: "tenants",
    isFor: () => may("tenants:read") && boot.value?.tenant.service_provider === true,
  },
  { path: "/audit", title: "Audit log", icon: "audit", isFor: () => may("audit:read") && has("audit_logs") },
  { path: "/settings", title: "Settings", icon: "settings", isFor: () => true },
];
