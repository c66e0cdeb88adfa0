import type { AppEnv } from "../platform/app-env.ts";

/** Who may call a path. Anything not listed here does not exist. */
export type Access = "public" | "device" | "user" | "operator";

type BodyRule = AppEnv["Variables"]["bodyRule"];

/** Bytes of the largest body that is no stream. */
export const JSON_BODY_LIMIT = 1024 * 1024;

interface Entry {
  path: RegExp;
  access: Access;
  body?: BodyRule;
}

/** The whole surface of the product, most specific first (protocol notes, gateway 2). Public paths are listed one by one. */
const TABLE: readonly Entry[] = [
  { path: /^\/(healthz|favicon\.svg)?$/, access: "public" },
  { path: /^\/api\/(openapi\.json|docs)$/, access: "public" },

  { path: /^\/api\/devices\/v\d\w*\/authentication\//, access: "public" },
  { path: /^\/api\/devices\/v\d\w*\/deployments\/download\//, access: "public" },
  { path: /^\/api\/devices\/v\d\w*\/(deployments|inventory|deviceconfig|deviceconnect)\//, access: "device" },

  { path: /^\/api\/management\/v1\/useradm\/auth\/login$/, access: "public" },
  { path: /^\/api\/storage\/v1\/uploads\//, access: "public", body: "stream" },
  { path: /^\/api\/management\/v1\/deployments\/artifacts(\/generate)?$/, access: "user", body: "stream" },
  { path: /^\/api\/management\/v1\/deviceconnect\/devices\/[^/]+\/upload$/, access: "user", body: "stream" },
  { path: /^\/api\/management\/v\d\w*\//, access: "user" },

  {
    path: /^\/api\/internal\/v1\/deployments\/tenants\/[^/]+\/artifacts$/,
    access: "operator",
    body: "stream",
  },
  // Their `Authorization` is the device's and the user's, and whether it holds is all the answer is about.
  { path: /^\/api\/internal\/v1\/(devauth\/tokens|useradm\/auth)\/verify$/, access: "public" },
  { path: /^\/api\/(internal|operator)\//, access: "operator" },
  { path: /^\/api\/v1\/(workflow|jobs|metadata|health)(\/|$)/, access: "operator" },
  { path: /^\/status$/, access: "operator" },
];

export function routeRule(path: string): { access: Access; body: BodyRule } | undefined {
  const entry = TABLE.find(({ path: pattern }) => pattern.test(path));
  return entry && { access: entry.access, body: entry.body ?? "json" };
}
