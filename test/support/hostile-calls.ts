import type { Schema, Schemas } from "./hostile-values.ts";
import { plausible } from "./hostile-values.ts";

interface Operation {
  parameters?: { in: string; name: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

export interface Route extends Operation {
  method: string;
  path: string;
}

/** Of an OpenAPI document. */
export const routesOf = (paths: object): Route[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  );

export const title = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

export const jsonSchemaOf = ({ requestBody }: Route) =>
  (requestBody?.content["application/json"] ?? requestBody?.content["application/scim+json"])?.schema;

export const plausibleBody = (route: Route, schemas: Schemas): string | undefined => {
  const schema = jsonSchemaOf(route);
  return schema && plausible(schema, schemas);
};

export const fill = (path: string, segments: Record<string, string>) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => segments[name] ?? "3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001");

/** What the parameters of paths stand for, of things that exist. */
export function segmentsOf(
  path: string,
  things: { tenant: string; user: string; device: string; authSet: string },
): Record<string, string> {
  const { tenant, user, device, authSet } = things;
  const inTenants = /^\/api\/(operator|internal).*\/tenants\/\{id\}/.test(path);
  const id = inTenants ? tenant : path.includes("/users/") ? user : device;
  return {
    tenant,
    tenant_id: tenant,
    tenantId: tenant,
    scope: "tags",
    status: "accepted",
    name: "max_devices",
    id,
    device,
    device_id: device,
    deviceId: device,
    aid: authSet,
  };
}

/** Refuses with an empty body, because clients of the protocol expect it so. */
const EMPTY_REFUSALS: readonly RegExp[] = [
  /^401 \w+ \/api\/devices\//,
  /^404 DELETE \/api\/(internal\/v1|management\/v2)\/devauth\/(tenants\/.*\/)?(devices|tokens)\//,
];

/** Refuses with the device that is there, because clients of the protocol expect it so. */
const DEVICE_THERE = /^409 POST \/api\/management\/v2\/devauth\/devices$/;

/** Refuses in the shape that identity providers read (RFC 7644, 3.12). */
export const SCIM = "/api/management/v1/useradm/scim/v2";
const SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error";

const MAX_FAULT_BYTES = 8192;

export interface Refused {
  status: number;
  header: (name: string) => string | null | undefined;
  text: string;
}

/** What is wrong with the answer to a hostile call, if anything. */
export function complaintsAbout(route: Route, { status, header, text }: Refused): string[] {
  const complaints: string[] = [];
  const requestId = header("x-men-requestid");
  if (status >= 500) complaints.push(`status ${status}`);
  if (!requestId) complaints.push("no request id");
  if (header("x-injected")) complaints.push("a header was injected");
  if (status < 400) return complaints;
  if (text === "" && EMPTY_REFUSALS.some((known) => known.test(`${status} ${title(route)}`)))
    return complaints;
  const body = parsed(text);
  if (DEVICE_THERE.test(`${status} ${title(route)}`) && typeof body?.id === "string") return complaints;
  const isOurs = typeof body?.error === "string" && body.error !== "" && body.request_id === requestId;
  // What is refused before it comes to their routes, as too large, has the shape of all others.
  const isTold = isOurs || (route.path.startsWith(SCIM) && isScimError(body, status));
  if (!isTold) complaints.push(`body of ${status}: ${text.slice(0, 200)}`);
  if (text.length > MAX_FAULT_BYTES) complaints.push("a fault that echoes too much");
  return complaints;
}

const isScimError = (body: Record<string, unknown> | undefined, status: number): boolean =>
  [body?.schemas].flat().includes(SCIM_ERROR) && body?.status === String(status) && Boolean(body.detail);

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
