import { makeGateway } from "../../src/gateway/gateway.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "./actors.ts";
import { anArtifact, deploy, idOf, inInventory, poll } from "./deployments.ts";
import type { Schema, Schemas } from "./hostile-values.ts";
import { env, OPERATOR_TOKEN, type Answer, type Call, type Server } from "./server.ts";

interface Operation {
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
}

export interface WriteRoute {
  method: string;
  path: string;
  schema: Schema;
  isRequired: boolean;
}

const document = makeGateway().getOpenAPI31Document({ openapi: "3.1.0", info: { title: "", version: "" } });
export const schemas = (document.components?.schemas ?? {}) as Schemas;

/** Every route that takes JSON, and the spelling of one that is not in the document. */
export const writeRoutes: WriteRoute[] = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item as Record<string, Operation>).flatMap(([method, { requestBody }]) => {
    const schema = requestBody?.content["application/json"]?.schema;
    const route = { method: method.toUpperCase(), isRequired: requestBody?.required ?? false };
    const spellings = path.endsWith("/inventory/device/attributes") ? [path, path.slice(0, -5)] : [path];
    return schema ? spellings.map((spelling) => ({ ...route, schema, path: spelling })) : [];
  }),
);

export const title = ({ method, path }: WriteRoute) => `${method} ${path}`;

export const JSON_TYPE = { "Content-Type": "application/json" };

const MANAGEMENT = "/api/management/v1";
const CONFIGURATIONS = `${MANAGEMENT}/deviceconfig/configurations`;
const GROUP = "line-1";

/** A server on which every write route has something to lose. */
export class Written {
  readonly server: Server;
  readonly user: TestUser;
  readonly device: TestDevice;
  /** Ids of things that exist, by the part of a path that is about them. */
  readonly #things: [RegExp, string][] = [];

  private constructor(server: Server, user: TestUser, device: TestDevice) {
    this.server = server;
    this.user = user;
    this.device = device;
  }

  static async arrange(server: Server): Promise<Written> {
    const written = new Written(server, await aUser(server), await aDevice(server));
    await written.#fill();
    return written;
  }

  async #fill(): Promise<void> {
    const { server, user, device } = this;
    await inInventory(server, [device], GROUP);
    const artifact = await anArtifact(server);
    const deployment = await deploy(server, user, [device]);
    await poll(server, device);
    const attributes = [{ name: "mac", value: "a" }];
    const terms = [{ scope: "inventory", attribute: "mac", type: "$eq", value: "a" }];
    const filters = "/api/management/v2/inventory/filters";
    const filter = idOf(await this.#write("POST", filters, { name: "by mac", terms }));
    await this.#write("PUT", `${CONFIGURATIONS}/device/${device.id}`, { key: "wanted" });
    await this.#write("PUT", `${CONFIGURATIONS}/group/${GROUP}`, { key: "wanted" });
    await this.#write("PUT", `${CONFIGURATIONS}/filter/${filter}`, { key: "wanted" });
    await this.#write("PUT", "/api/devices/v1/deviceconfig/configuration", { key: "reported" });
    await this.#write("PUT", "/api/devices/v1/inventory/device/attributes", attributes);
    await this.#write("PUT", `${MANAGEMENT}/inventory/devices/${device.id}/tags`, attributes);
    await this.#write("POST", `${MANAGEMENT}/useradm/settings`, { key: "value" });
    await this.#write("POST", `${MANAGEMENT}/useradm/settings/me`, { key: "value" });
    this.#things.push(
      [/\/(deployments|statistics)\/\{id\}/, deployment],
      [/\/artifacts\/\{id\}/, artifact],
      [/\/filters?\/\{id\}/, filter],
      [/\/users\/\{id\}/, user.id],
      [/\/group\/\{id\}/, GROUP],
      [/\/tenants?\/\{id\}/, "default"],
    );
  }

  async #write(method: string, path: string, json: unknown): Promise<Answer> {
    const answer = await this.call({ method, path }, { json });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  #segments(path: string): Record<string, string> {
    const tenants = { tenant: "default", tenant_id: "default", tenantId: "default", tid: "default" };
    const isLimit = /limits?\//.test(path);
    return {
      ...tenants,
      id: this.#things.find(([pattern]) => pattern.test(path))?.[1] ?? this.device.id,
      aid: this.device.authSet,
      scope: "tags",
      status: "accepted",
      release_name: "release-2",
      name: isLimit ? "max_devices" : path.includes("/workflow/") ? "decommission_device" : GROUP,
      deployment: "3f8a1f0e-3f5f-4f0a-9d43-5b1ff4a2b001",
    };
  }

  /** The address of a route about things that exist. */
  pathOf({ path }: { path: string }): string {
    const segments = this.#segments(path);
    return path.replace(/\{(\w+)\}/g, (_, name: string) => segments[name] ?? this.device.id);
  }

  #token(path: string): string | undefined {
    if (path.endsWith("/auth_requests") || path.endsWith("/auth/login")) return undefined;
    if (path.startsWith("/api/management/")) return this.user.token;
    return path.startsWith("/api/devices/") ? this.device.token : OPERATOR_TOKEN;
  }

  call(route: { method: string; path: string }, call: Call): Promise<Answer> {
    return this.server.call(route.method, this.pathOf(route), { ...call, token: this.#token(route.path) });
  }
}

/** Everything stored, as text. */
export async function everything(): Promise<string> {
  const { results: tables } = await env.DB.prepare(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'
       AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf*'`,
  ).all<{ name: string }>();
  const rows = await env.DB.batch(tables.map(({ name }) => env.DB.prepare(`SELECT * FROM ${name}`)));
  return JSON.stringify(rows.map(({ results }, i) => [tables[i]?.name, results]));
}
