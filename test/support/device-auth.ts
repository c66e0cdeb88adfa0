import { expect } from "vitest";
import type { TestUser } from "./actors.ts";
import { OPERATOR_TOKEN, type Answer, type Server } from "./server.ts";
import type { SigningDevice } from "./signing-device.ts";

export const DEVAUTH = "/api/management/v2/devauth";
export const INTERNAL = "/api/internal/v1/devauth";

export interface WireSet {
  id: string;
  status: string;
  pubkey: string;
  ts: string;
  tier: string;
  identity_data: Record<string, unknown>;
}

export interface WireDevice {
  id: string;
  status: string;
  identity_data: Record<string, unknown>;
  decommissioning: boolean;
  created_ts: string;
  updated_ts: string;
  tier: string;
  auth_sets: WireSet[];
  flags: { test_device: boolean };
}

export const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;

/** A user who looks after devices. */
export class DeviceAdmin {
  readonly #server: Server;
  readonly #user: TestUser;

  constructor(server: Server, user: TestUser) {
    this.#server = server;
    this.#user = user;
  }

  /** A request below the management prefix. Time passes after each, so that what is recorded has an order. */
  async call(method: string, path: string, json?: unknown): Promise<Answer> {
    const body = json === undefined ? {} : { json };
    const answer = await this.#server.call(method, DEVAUTH + path, { token: this.#user.token, ...body });
    this.#server.advance(1);
    return answer;
  }

  async devices(query = ""): Promise<WireDevice[]> {
    return (await this.call("GET", `/devices${query}`)).json<WireDevice[]>();
  }

  async onlyDevice(): Promise<WireDevice> {
    const all = await this.devices();
    expect(all).toHaveLength(1);
    return all[0]!;
  }

  putStatus(device: string, set: string, status: unknown): Promise<Answer> {
    return this.call("PUT", `/devices/${device}/auth/${set}/status`, { status });
  }

  /** Lets the device ask once and decides on the set of its key. */
  async admit(device: SigningDevice, status = "accepted"): Promise<{ id: string; set: string }> {
    await device.ask(this.#server);
    const found = (await this.devices()).find((d) => d.auth_sets.some((set) => set.pubkey === device.pem))!;
    const set = found.auth_sets.find(({ pubkey }) => pubkey === device.pem)!;
    const answer = await this.putStatus(found.id, set.id, status);
    expect(answer.status).toBe(204);
    return { id: found.id, set: set.id };
  }
}

/** The operator's call of the internal API. */
export const internal = (server: Server, method: string, path: string, json?: unknown): Promise<Answer> =>
  server.call(method, INTERNAL + path, {
    token: OPERATOR_TOKEN,
    ...(json === undefined ? {} : { json }),
  });

/** True if the token is taken where a device's token is asked for. */
export const isLive = async (server: Server, token: string): Promise<boolean> =>
  (await server.call("GET", `${INTERNAL}/tokens/verify`, { token })).status === 200;
