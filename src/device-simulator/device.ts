import { randomBytes } from "node:crypto";
import { makeDeviceKeys, type DeviceKeys } from "./device-keys.ts";
import { textOf, Transport, type Reply } from "./transport.ts";

export interface DeviceOptions {
  serverUrl: string;
  /** PEM certificate of the authority that the device trusts. */
  ca?: string | undefined;
  tenantToken?: string | undefined;
  /** Default: a random MAC address. */
  identity?: Record<string, string>;
  keys?: DeviceKeys;
  deviceType: string;
  /** The release that is installed at first. */
  artifactName?: string;
}

export interface Instructions {
  id: string;
  artifact: {
    id: string;
    artifact_name: string;
    source: { uri: string; expire: string };
    device_types_compatible: string[];
  };
}

export type Attribute = { name: string; value: string | number | (string | number)[] };

export interface Alert {
  name: string;
  level: "OK" | "CRITICAL";
  subject: { name: string; type: string; status: string; details?: { description: string } };
  timestamp: string;
}

export interface LogMessage {
  timestamp: string;
  level: string;
  message: string;
}

/** The server's answer was none that the protocol has for this request. */
class UnexpectedAnswer extends Error {
  readonly status: number;

  constructor(what: string, status: number, text: string) {
    super(`${what} is answered ${status}${text === "" ? "" : `: ${text}`}`);
    this.status = status;
  }
}

const AUTH_REQUESTS = "/api/devices/v1/authentication/auth_requests";
const ATTRIBUTES = "/api/devices/v1/inventory/device/attributes";
const NEXT = "/api/devices/v2/deployments/device/deployments/next";
const ALERTS = "/api/devices/v1/devicemonitor/alert";
const deploymentPath = (id: string, part: "status" | "log") =>
  `/api/devices/v1/deployments/device/deployments/${id}/${part}`;

const randomMac = (): string =>
  `02:${randomBytes(5)
    .toString("hex")
    .replace(/..(?=.)/g, "$&:")}`;

/** A device as its server sees it: one program that speaks the device protocol. */
export class SimulatedDevice {
  readonly identity: Record<string, string>;
  readonly deviceType: string;
  readonly keys: DeviceKeys;
  readonly transport: Transport;
  /** What is installed, as told to the server. */
  provides: Record<string, string>;
  readonly #tenantToken: string;
  #token: string | undefined;

  constructor(options: DeviceOptions) {
    this.identity = options.identity ?? { mac: randomMac() };
    this.deviceType = options.deviceType;
    this.keys = options.keys ?? makeDeviceKeys();
    this.transport = new Transport(options.serverUrl, options.ca);
    this.provides = { artifact_name: options.artifactName ?? "factory" };
    this.#tenantToken = options.tenantToken ?? "";
  }

  get artifactName(): string {
    return this.provides.artifact_name ?? "";
  }

  /** Asks to be let in. True once an operator has accepted the device; false while nobody has. */
  async authenticate(): Promise<boolean> {
    const body = JSON.stringify({
      id_data: JSON.stringify(this.identity),
      pubkey: this.keys.publicPem,
      tenant_token: this.#tenantToken,
    });
    const headers = {
      "Content-Type": "application/json",
      "X-MEN-Signature": this.keys.sign(Buffer.from(body)),
    };
    const reply = await this.transport.send("POST", AUTH_REQUESTS, { headers, body });
    const text = await textOf(reply);
    if (reply.status !== 200 && reply.status !== 401)
      throw new UnexpectedAnswer("the authentication request", reply.status, text);
    this.#token = reply.status === 200 ? text : undefined;
    return this.#token !== undefined;
  }

  /** Once it is let in. */
  get token(): string | undefined {
    return this.#token;
  }

  /** The device's id in the server, once it is let in. */
  get id(): string | undefined {
    const claims = this.#token?.split(".")[1];
    if (claims === undefined) return undefined;
    const { sub }: { sub?: unknown } = JSON.parse(Buffer.from(claims, "base64url").toString("utf8"));
    return typeof sub === "string" ? sub : undefined;
  }

  /** Reports device type, what is installed, and the attributes given. */
  async reportInventory(attributes: Attribute[] = []): Promise<void> {
    const own = { device_type: this.deviceType, ...this.provides };
    const all = [...Object.entries(own).map(([name, value]) => ({ name, value })), ...attributes];
    await this.#expect("the inventory report", 200, await this.#send("PUT", ATTRIBUTES, all));
  }

  /** Asks for an update; undefined if there is none. */
  async askForUpdate(): Promise<Instructions | undefined> {
    const body = { device_provides: { device_type: this.deviceType, ...this.provides } };
    const reply = await this.#send("POST", NEXT, body);
    const text = await textOf(reply);
    if (reply.status === 204) return undefined;
    if (reply.status !== 200) throw new UnexpectedAnswer("the update check", reply.status, text);
    return JSON.parse(text) as Instructions; // a server that breaks the protocol breaks the device
  }

  /** False if the server has given the deployment up for this device. */
  async reportStatus(deployment: string, status: string, substate?: string): Promise<boolean> {
    const body = substate === undefined ? { status } : { status, substate };
    const reply = await this.#send("PUT", deploymentPath(deployment, "status"), body);
    const text = await textOf(reply);
    if (reply.status === 409) return false;
    if (reply.status !== 204) throw new UnexpectedAnswer(`the report "${status}"`, reply.status, text);
    return true;
  }

  async sendLog(deployment: string, messages: LogMessage[]): Promise<void> {
    const reply = await this.#send("PUT", deploymentPath(deployment, "log"), { messages });
    await this.#expect("the log", 204, reply);
  }

  async sendAlerts(alerts: Alert[]): Promise<void> {
    await this.#expect("the alert", 204, await this.#send("POST", ALERTS, alerts));
  }

  close(): void {
    this.transport.close();
  }

  /** Sends with the token; when it is refused, once more with a new one. */
  async #send(method: string, path: string, body: unknown): Promise<Reply> {
    if (this.#token === undefined) await this.#needToken();
    const reply = await this.#sendOnce(method, path, body);
    if (reply.status !== 401) return reply;
    reply.body.resume();
    await this.#needToken();
    return this.#sendOnce(method, path, body);
  }

  #sendOnce(method: string, path: string, body: unknown): Promise<Reply> {
    const headers = { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json" };
    return this.transport.send(method, path, { headers, body: JSON.stringify(body) });
  }

  async #needToken(): Promise<void> {
    if (!(await this.authenticate())) throw new UnexpectedAnswer("the authentication request", 401, "");
  }

  async #expect(what: string, status: number, reply: Reply): Promise<void> {
    const text = await textOf(reply);
    if (reply.status !== status) throw new UnexpectedAnswer(what, reply.status, text);
  }
}
