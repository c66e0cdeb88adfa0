import type { AppEnv } from "../platform/app-env.ts";

/** Bytes of the largest body that is no stream. */
export const JSON_BODY_LIMIT = 1024 * 1024;

const STREAMS: readonly RegExp[] = [
  /^\/api\/storage\/v1\/uploads\//,
  /^\/api\/management\/v1\/deployments\/artifacts(\/generate)?$/,
  /^\/api\/management\/v1\/deviceconnect\/devices\/[^/]+\/upload$/,
  /^\/api\/internal\/v1\/deployments\/tenants\/[^/]+\/artifacts$/,
];

export const bodyRuleOf = (path: string): AppEnv["Variables"]["bodyRule"] =>
  STREAMS.some((pattern) => pattern.test(path)) ? "stream" : "json";
