import { signal } from "@preact/signals";
import { api, bodyOf, MARK, Refused, refuseBad, whenSignedOut } from "./client.ts";
import { forgetAll, refresh } from "./resource.ts";
import type { components } from "./schema.d.ts";

export type Boot = components["schemas"]["ConsoleBoot"];

/** Who is signed in; null if nobody is; undefined until that is known. */
export const boot = signal<Boot | null | undefined>(undefined);

/** True while a session that has ended is to be begun again over the page that was open. */
export const hasEnded = signal(false);

/** A provider's sign-in leaves the token where the stock web UI looks for it. */
const LEFT = /(?:^|; )JWT=([^;]+)/;

export async function loadBoot(): Promise<void> {
  const left = LEFT.exec(document.cookie)?.[1];
  if (left !== undefined) {
    document.cookie = "JWT=; path=/; max-age=0";
    await api.POST("/api/management/v1/console/session", { headers: { Authorization: `Bearer ${left}` } });
  }
  try {
    // As the page itself begins to read it while its programs are on their way, which is without the mark.
    boot.value = bodyOf(
      await api.GET("/api/management/v1/console/boot", { headers: { "X-Edgemend-Console": null } }),
    );
    // What was refused meanwhile is asked for again.
    if (hasEnded.peek()) refresh("");
    hasEnded.value = false;
  } catch (cause) {
    if (!(cause instanceof Refused) || cause.status !== 401) throw cause;
    boot.value = null;
  }
}

whenSignedOut(() => {
  if (boot.value) hasEnded.value = true;
});

const LOGIN = "/api/management/v1/useradm/auth/login";

/** Bytes as the Basic scheme has them, whatever letters the password is of. */
const basic = (email: string, password: string): string =>
  `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${email}:${password}`)))}`;

/** Where a provider signs this user in; undefined for a password of ours. */
export async function providerOf(email: string): Promise<string | undefined> {
  const response = await fetch(LOGIN, { method: "POST", headers: { Authorization: basic(email, "") } });
  if (response.status === 401) return undefined;
  const { id, kind } = (await (await refuseBad(response)).json()) as { id: string; kind: string };
  return `/api/management/v1/useradm/${kind === "sso/saml" ? `auth/sso/${id}/login` : `oidc/${id}/start`}`;
}

/** Signs in; the page has the token only until the cookie has it. */
export async function signIn(email: string, password: string, code?: string): Promise<void> {
  const response = await refuseBad(
    await fetch(LOGIN, {
      method: "POST",
      headers: { ...MARK, Authorization: basic(email, password), "Content-Type": "application/json" },
      body: JSON.stringify(code ? { token2fa: code } : {}),
    }),
  );
  await keepSession(await response.text());
}

/** Keeps a token in the cookie of the console, and learns who that is. */
export async function keepSession(token: string): Promise<void> {
  await api.POST("/api/management/v1/console/session", { headers: { Authorization: `Bearer ${token}` } });
  await loadBoot();
}

/** Goes on as a member of another tenant; nothing that was read in the one before is kept. */
export async function enter(tenant: string): Promise<void> {
  const { data } = await api.GET("/api/management/v1/useradm/users/tenants/{id}/token", {
    params: { path: { id: tenant } },
    parseAs: "text",
  });
  await keepSession(data ?? "");
  location.assign("/");
}

export async function signOut(): Promise<void> {
  await api.POST("/api/management/v1/useradm/auth/logout");
  forgetAll();
  boot.value = null;
}

/** Whether who is signed in may do this, for some objects at least. */
export const may = (permission: string): boolean => boot.value?.permissions.includes(permission) ?? false;

/** Whether the plan of the tenant includes this. */
export const has = (feature: string): boolean => boot.value?.features.includes(feature) ?? false;
