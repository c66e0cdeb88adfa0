import { expect } from "vitest";
import { asTenantId, newId } from "../../src/platform/ids.ts";
import type { TestDevice, TestUser } from "./actors.ts";
import type { Answer, Server } from "./server.ts";
import { SigningDevice } from "./signing-device.ts";

export const M1 = "/api/management/v1";
export const M2 = "/api/management/v2";
export const A1 = "/api/management/v1alpha1";

export type Wire = Record<string, unknown>;

/** Who uses the original's web UI: the type of JSON on every call, and no answer may be an error. */
export class WebUi {
  readonly #server: Server;
  readonly #user: TestUser;

  constructor(server: Server, user: TestUser) {
    this.#server = server;
    this.#user = user;
  }

  async call(method: string, path: string, json?: unknown): Promise<Answer> {
    const headers = { "Content-Type": "application/json" };
    const content = json === undefined ? {} : { json };
    const answer = await this.#server.call(method, path, { token: this.#user.token, headers, ...content });
    expect([path, answer.status, answer.status < 300 ? "" : answer.text].join(" ")).toMatch(/ 2\d\d $/);
    return answer;
  }

  async object(path: string): Promise<Wire> {
    return (await this.call("GET", path)).json();
  }

  async list(path: string): Promise<Wire[]> {
    return (await this.call("GET", path)).json();
  }

  /** A list that the UI shows by pages, which it does only if it is told how long it is. */
  async page(path: string): Promise<[number, Wire[]]> {
    const answer = await this.call("GET", path);
    return [Number(answer.headers.get("x-total-count") ?? Number.NaN), answer.json()];
  }

  /** The search that every list and every number of devices is made of. */
  async search(filters: readonly unknown[], more: Wire = {}): Promise<[number, Wire[]]> {
    const body = { page: 1, per_page: 20, filters, sort: [], attributes: SHOWN, ...more };
    const answer = await this.call("POST", `${M2}/inventory/filters/search`, body);
    return [Number(answer.headers.get("x-total-count") ?? Number.NaN), answer.json()];
  }
}

export const term = (scope: string, attribute: string, value: unknown, type = "$eq") => ({
  scope,
  attribute,
  type,
  value,
});

/** What it asks for of each device, the identity attribute chosen in the settings included. */
const SHOWN = [
  ["identity", "status"],
  ["inventory", "artifact_name"],
  ["inventory", "device_type"],
  ["inventory", "rootfs-image.version"],
  ["monitor", "alerts"],
  ["system", "created_ts"],
  ["system", "updated_ts"],
  ["system", "check_in_time"],
  ["system", "group"],
  ["tags", "name"],
  ["identity", "mac"],
].map(([scope, attribute]) => ({ scope, attribute }));

export const byDevice = (server: Server, device: TestDevice, method: string, path: string, json: unknown) =>
  server.call(method, `/api/devices${path}`, { token: device.token, json });

/** A device that a user of the tenant `acme` accepted and that has told what it is. */
export async function aReportingDevice(server: Server, ui: WebUi, mac = newId()): Promise<TestDevice> {
  const signing = new SigningDevice({ mac });
  const tenant = asTenantId("acme");
  const fields = { tenant_token: `token-of-${tenant}` };
  await signing.ask(server, fields);
  const [waiting] = await ui.list(`${M2}/devauth/devices?status=pending`);
  const { id, auth_sets: sets } = waiting as unknown as { id: string; auth_sets: { id: string }[] };
  const authSet = sets[0]!.id;
  await ui.call("PUT", `${M2}/devauth/devices/${id}/auth/${authSet}/status`, { status: "accepted" });
  const device = { id, authSet, tenant, token: (await signing.ask(server, fields)).text };
  const attributes = { device_type: "pi4", artifact_name: "factory", kernel: "Linux 6.1", site: "oslo" };
  const json = Object.entries(attributes).map(([name, value]) => ({ name, value }));
  await byDevice(server, device, "PUT", "/v1/inventory/device/attributes", json);
  return device;
}
