import type { Socket } from "node:net";
import { makeDeviceKeys, type DeviceKeys } from "../../../src/device-simulator/device-keys.ts";
import type { SimulatedDevice } from "../../../src/device-simulator/device.ts";
import type { HonestPlan } from "./honest.ts";
import type { Installation, Tenant } from "./installation.ts";
import { type Sent, Wire } from "./wire.ts";

const AUTH_REQUESTS = "/api/devices/v1/authentication/auth_requests";
/** Attackers have addresses of their own: every one that begins so is this machine's. */
const STRANGER = "127.66.0.1";
const INSIDER = "127.66.0.2";

const STRANGERS = 200;

const NOISY_ROWS = 40;

/** An attacked installation: a tenant with a hostile manager and device, and honest tenants beside it. */
export class Stage {
  readonly installation: Installation;
  readonly stranger: Wire;
  readonly insider: Wire;
  readonly hostile: Tenant;
  readonly device: SimulatedDevice;
  /** A user of another tenant, whose name strangers know. */
  readonly known: Tenant;
  readonly #honest: Tenant[];
  readonly #strangers = new Map<string, Wire>();

  private constructor(
    installation: Installation,
    tenants: [Tenant, Tenant, Tenant],
    device: SimulatedDevice,
  ) {
    this.installation = installation;
    this.stranger = new Wire(installation.url, STRANGER);
    this.insider = new Wire(installation.url, INSIDER);
    this.hostile = tenants[0];
    this.device = device;
    this.#honest = tenants.slice(1);
    this.known = tenants[1];
  }

  static async set(installation: Installation): Promise<Stage> {
    const tenants: [Tenant, Tenant, Tenant] = [
      await installation.tenant(),
      await installation.tenant(),
      await installation.tenant(),
    ];
    const device = await installation.device(tenants[0]);
    const long = "a".repeat(2000);
    await device.reportInventory(
      Array.from({ length: NOISY_ROWS }, (_, n) => ({ name: `text-${n}`, value: long })),
    );
    return new Stage(installation, tenants, device);
  }

  async honestPlan(devices: number, operators: number): Promise<HonestPlan> {
    const plan: HonestPlan = { url: this.installation.url, devices: [], managers: [] };
    for (let n = 0; n < devices; n++) {
      const tenant = this.#honest[n % this.#honest.length]!;
      const { identity, keys, close } = await this.#member(tenant);
      close();
      plan.devices.push({ identity, privatePem: keys.privatePem, tenantToken: tenant.token });
    }
    for (let n = 0; n < operators; n++)
      plan.managers.push(this.#honest[n % this.#honest.length]!.manager.token);
    return plan;
  }

  async #member(tenant: Tenant) {
    const device = await this.installation.device(tenant);
    return { identity: device.identity, keys: device.keys, close: () => device.close() };
  }

  /** A signed request of a device, as a stranger sends it. */
  authRequest(identity: object, keys: DeviceKeys = makeDeviceKeys(), tenantToken = this.hostile.token) {
    const pubkey = keys.publicPem;
    const body = JSON.stringify({ id_data: JSON.stringify(identity), pubkey, tenant_token: tenantToken });
    const headers = {
      "Content-Type": "application/json",
      "X-MEN-Signature": keys.sign(Buffer.from(body)),
    };
    return { body, headers };
  }

  authenticate(identity: object, keys?: DeviceKeys, from = this.stranger): Promise<Sent> {
    return from.send("POST", AUTH_REQUESTS, this.authRequest(identity, keys));
  }

  /** One of many strangers, each with an address of its own. */
  strangerOf(number: number): Wire {
    const address = `127.67.0.${1 + (number % STRANGERS)}`;
    const wire = this.#strangers.get(address) ?? new Wire(this.installation.url, address);
    this.#strangers.set(address, wire);
    return wire;
  }

  /** Requests whose body begins and does not go on. */
  async halfSent(
    count: number,
    {
      method = "POST",
      path = AUTH_REQUESTS,
      token,
    }: { method?: string; path?: string; token?: string | undefined } = {},
  ): Promise<Socket[]> {
    const authorization = token === undefined ? "" : `Authorization: Bearer ${token}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\nHost: ${this.stranger.host}\r\n${authorization}Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{"id_data":`;
    const wire = token === undefined ? this.stranger : this.insider;
    return Promise.all(Array.from({ length: count }, () => wire.begin(head)));
  }

  manage(method: string, path: string, body?: unknown): Promise<Sent> {
    return this.insider.json(method, `/api/management${path}`, this.hostile.manager.token, body);
  }
}

/** Does it again and again until the time is over, so many at once; tells what was answered how often. */
export async function flood(
  lanes: number,
  ms: number,
  send: (turn: number) => Promise<Sent | number>,
): Promise<string> {
  const counts = new Map<number, number>();
  const endsAt = performance.now() + ms;
  let turn = 0;
  const lane = async () => {
    while (performance.now() < endsAt) {
      const sent = await send(turn++).catch(() => 0);
      const status = typeof sent === "number" ? sent : sent.status;
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return toldOf(counts);
}

export const toldOf = (counts: Map<number, number>): string =>
  [...counts]
    .toSorted(([a], [b]) => a - b)
    .map(([status, count]) => `${status === 0 ? "no answer" : status} × ${count}`)
    .join(", ");
