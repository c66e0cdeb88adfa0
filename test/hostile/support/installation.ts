import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { makeDeviceKeys } from "../../../src/device-simulator/device-keys.ts";
import { SimulatedDevice } from "../../../src/device-simulator/device.ts";
import { inject } from "vitest";
import { LocalServer, newFolder, type Ready } from "../../local/server-process.ts";
import { FAULTS, type SharedServer } from "./shared-server.ts";
import { type Sent, Wire } from "./wire.ts";

export interface Manager {
  id: string;
  email: string;
  token: string;
}

export interface Tenant {
  id: string;
  token: string;
  manager: Manager;
}

const OPERATOR = "/api/operator/v1";
const PASSWORD = "correct horse battery staple";

const anEmail = () => `${randomBytes(6).toString("hex")}@example.com`;

const good = (sent: Sent, what: string): Sent => {
  if (sent.status >= 300) throw new Error(`${what} is answered ${sent.status}: ${sent.text}`);
  return sent;
};

/** A server in its own process with tenants, managers and devices made over the network, like anybody's. */
export class Installation {
  readonly ready: Ready;
  /** Where everything is kept. */
  readonly data: string;
  readonly wire: Wire;
  readonly #logged: () => string;

  private constructor({ ready, data }: SharedServer, logged: () => string) {
    this.ready = ready;
    this.data = data;
    this.wire = new Wire(ready.url);
    this.#logged = logged;
  }

  /** A server with these settings; in the short form the one that all share, which has the defaults. */
  static async start(settings: Record<string, string | number> = {}): Promise<Installation> {
    const shared = inject("sharedServer");
    if (shared) return new Installation(shared, () => "");
    const vars = Object.entries(settings).flatMap(([name, value]) => ["--var", `${name}=${value}`]);
    const server = await LocalServer.startByNpm(newFolder(), vars);
    return new Installation(server, () => server.stderr);
  }

  /** What the server logged that no attack may bring about. */
  get faults(): string[] {
    return this.#logged()
      .split("\n")
      .filter((line) => FAULTS.test(line));
  }

  get url(): string {
    return this.ready.url;
  }

  get operatorToken(): string {
    return this.ready.operatorToken;
  }

  async operator<T>(method: string, path: string, body?: unknown): Promise<T> {
    const sent = await this.wire.json(method, OPERATOR + path, this.operatorToken, body);
    return JSON.parse(good(sent, `${method} ${path}`).text || "{}") as T;
  }

  async tenant(name = randomBytes(4).toString("hex")): Promise<Tenant> {
    const email = anEmail();
    const wanted = { name, user: email, password: PASSWORD };
    const made = await this.operator<{ id: string; tenant_token: string; user: { id: string } }>(
      "POST",
      "/tenants",
      wanted,
    );
    const manager = { id: made.user.id, email, token: await this.#tokenOf(email) };
    return { id: made.id, token: made.tenant_token, manager };
  }

  /** Who may do everything, unless roles are given. */
  async manager(tenant: string, roles?: string[]): Promise<Manager> {
    const email = anEmail();
    const user = { email, password: PASSWORD, tenant, ...(roles && { roles }) };
    const { id } = await this.operator<{ id: string }>("POST", "/users", user);
    return { id, email, token: await this.#tokenOf(email) };
  }

  /** Comes back while there are too many logins at once. */
  async #tokenOf(email: string): Promise<string> {
    const sent = await this.logIn(email);
    if (sent.status !== 503) return good(sent, "the login").text;
    await wait(Number(sent.header("retry-after")) * 1000);
    return this.#tokenOf(email);
  }

  logIn(email: string, password = PASSWORD, wire = this.wire): Promise<Sent> {
    const basic = Buffer.from(`${email}:${password}`).toString("base64");
    const path = "/api/management/v1/useradm/auth/login";
    return wire.send("POST", path, { headers: { Authorization: `Basic ${basic}` } });
  }

  /** Of an identity provider that keeps the tenant's users. */
  async scimToken({ manager }: Tenant): Promise<string> {
    const path = "/api/management/v1/useradm/settings/scim/tokens";
    const made = await this.wire.json("POST", path, manager.token, { name: "hostile" });
    return (JSON.parse(good(made, "the token for SCIM").text) as { token: string }).token;
  }

  /** A preauthorised device that is in. */
  async device({ token: tenantToken, manager }: Tenant): Promise<SimulatedDevice> {
    const keys = makeDeviceKeys();
    const device = new SimulatedDevice({ serverUrl: this.url, tenantToken, keys, deviceType: "pi4" });
    const set = { identity_data: device.identity, pubkey: keys.publicPem };
    const path = "/api/management/v2/devauth/devices";
    good(await this.wire.json("POST", path, manager.token, set), "the preauthorisation");
    if (!(await device.authenticate())) throw new Error("the device is not let in");
    return device;
  }
}
