import type { ComponentChildren } from "preact";
import { has, may } from "../../api/session.ts";
import { Page } from "../../parts/page.tsx";
import { Tabs } from "../../parts/tabs.tsx";

const TABS = [
  { path: "/settings", title: "Profile", isFor: () => true },
  { path: "/settings/security", title: "Security", isFor: () => true },
  { path: "/settings/tokens", title: "Access tokens", isFor: () => may("tokens:manage") },
  { path: "/settings/users", title: "Users", isFor: () => may("users:read") },
  { path: "/settings/roles", title: "Roles", isFor: () => may("users:read") },
  { path: "/settings/sign-in", title: "Sign-in", isFor: () => may("settings:manage") },
  {
    path: "/settings/provisioning",
    title: "Provisioning",
    isFor: () => may("users:manage") && has("sso"),
  },
  { path: "/settings/keys", title: "Trusted keys", isFor: () => may("settings:manage") },
  { path: "/settings/organization", title: "Organization", isFor: () => true },
  { path: "/settings/usage", title: "Usage", isFor: () => may("settings:manage") },
];

/** What all pages of settings have around them. */
export function Settings({
  at,
  actions,
  children,
}: {
  at: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <Page title="Settings" {...(actions !== undefined && { actions })}>
      <Tabs label="Settings" at={at} tabs={TABS.filter(({ isFor }) => isFor())} />
      {children}
    </Page>
  );
}
