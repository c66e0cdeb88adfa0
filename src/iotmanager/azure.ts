import { createHmac } from "node:crypto";
import { toSeconds } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId } from "../platform/ids.ts";
import type { OutgoingAnswer } from "../platform/send-outgoing.ts";
import {
  askCloud,
  CloudRefusal,
  objectIn,
  objectOf,
  textIn,
  type Cloud,
  type DeviceState,
  type HandOver,
  type Wanted,
} from "./cloud.ts";
import { parseConnectionString, type ConnectionString } from "./connection-string.ts";
import type { CredentialsOf } from "./credentials.ts";

const API_VERSION = "2021-04-12";
const TOKEN_LIFE_S = 60;

/** A token for one request (protocol notes, iot-manager 7.1). */
export function sharedAccessSignature(
  { hostName, keyName, key }: ConnectionString,
  expiresS: number,
): string {
  const audience = encodeURIComponent(hostName);
  const signature = createHmac("sha256", Buffer.from(key, "base64"))
    .update(`${audience}\n${expiresS}`)
    .digest("base64");
  const name = keyName ? `&skn=${keyName}` : "";
  return `SharedAccessSignature sr=${audience}&sig=${encodeURIComponent(signature)}&se=${expiresS}${name}`;
}

interface Asking {
  json?: unknown;
  ifMatch?: string;
  /** Statuses that are no failure besides those below 400. */
  accept?: readonly number[];
}

const unquoted = (etag: string): string => etag.replace(/^"(.*)"$/, "$1");
const quoted = (etag: string): string => `"${unquoted(etag)}"`;

const withoutMetadata = (properties: Record<string, unknown>): Record<string, unknown> => {
  const { $metadata: _, $version: __, ...values } = properties;
  return values;
};

/** An IoT Hub of Azure. */
class Hub implements Cloud {
  readonly #deps: Deps;
  readonly #connection: ConnectionString;

  constructor(deps: Deps, connection: ConnectionString) {
    this.#deps = deps;
    this.#connection = connection;
  }

  async #ask(
    method: string,
    path: string,
    { json, ifMatch, accept = [] }: Asking = {},
  ): Promise<OutgoingAnswer> {
    const expiresS = toSeconds(this.#deps.now()) + TOKEN_LIFE_S;
    const headers = new Headers({ Authorization: sharedAccessSignature(this.#connection, expiresS) });
    if (json !== undefined) headers.set("Content-Type", "application/json");
    if (ifMatch !== undefined) headers.set("If-Match", ifMatch);
    const answer = await askCloud(this.#deps, {
      uri: `https://${this.#connection.hostName}${path}?api-version=${API_VERSION}`,
      method,
      headers,
      body: json === undefined ? null : JSON.stringify(json),
    });
    if (answer.status < 300 || accept.includes(answer.status)) return answer;
    throw answer.status === 401
      ? new CloudRefusal("no connection string or credentials configured for the tenant", 401)
      : new CloudRefusal(`hub: unexpected status code from API: ${answer.status}`, answer.status);
  }

  async put(device: DeviceId, { isOn, isKnown, handOver }: Wanted): Promise<void> {
    const path = `/devices/${encodeURIComponent(device)}`;
    const status = isOn ? "enabled" : "disabled";
    const found = await this.#ask("GET", path, { accept: [404] });
    if (found.status === 404) {
      const json = { deviceId: device, ...(!isOn && { status }) };
      const made = objectOf(await this.#ask("PUT", path, { json }));
      return this.#handOver(device, made, handOver);
    }
    const { etag, ...known } = objectOf(found);
    const ifMatch = typeof etag === "string" ? quoted(etag) : "*";
    if (known.status !== status) await this.#ask("PUT", path, { json: { ...known, status }, ifMatch });
    // A try that broke off has made it, and nobody has told the device.
    if (!isKnown) await this.#handOver(device, known, handOver);
  }

  async #handOver(device: DeviceId, made: Record<string, unknown>, handOver: HandOver): Promise<void> {
    const key = textIn(objectIn(objectIn(made, "authentication"), "symmetricKey"), "primaryKey");
    if (key === "") throw new CloudRefusal("device has no connection string");
    await this.#ask("PATCH", `/twins/${encodeURIComponent(device)}`, {
      json: { properties: { desired: null }, tags: { mender: true } },
    });
    const { hostName } = this.#connection;
    await handOver({
      azureConnectionString: `HostName=${hostName};DeviceId=${device};SharedAccessKey=${key}`,
    });
  }

  async remove(device: DeviceId): Promise<void> {
    await this.#ask("DELETE", `/devices/${encodeURIComponent(device)}`, { ifMatch: "*", accept: [404] });
  }

  /** The twin of a device, or of a module of it. */
  async twin(path: string): Promise<Record<string, unknown> | undefined> {
    const answer = await this.#ask("GET", `/twins/${path}`, { accept: [404] });
    return answer.status === 404 ? undefined : objectOf(answer);
  }

  async state(device: DeviceId): Promise<DeviceState | undefined> {
    const twin = await this.twin(encodeURIComponent(device));
    if (!twin) return undefined;
    const properties = objectIn(twin, "properties");
    return {
      desired: withoutMetadata(objectIn(properties, "desired")),
      reported: withoutMetadata(objectIn(properties, "reported")),
    };
  }

  async setDesired(device: DeviceId, desired: Record<string, unknown>): Promise<DeviceState | undefined> {
    const id = encodeURIComponent(device);
    const twin = await this.twin(id);
    if (!twin) return undefined;
    const json = { properties: { desired }, tags: objectIn(twin, "tags") };
    const written = await this.#ask("PUT", `/twins/${id}`, {
      json,
      ifMatch: quoted(textIn(twin, "etag")),
      accept: [412],
    });
    if (written.status === 412) throw new Fault("conflict", "conflict when updating the device state");
    return this.state(device);
  }
}

export function hubOf(deps: Deps, { connection_string: text }: CredentialsOf<"sas">): Hub {
  const connection = parseConnectionString(text);
  if (typeof connection === "string") throw new CloudRefusal(connection);
  return new Hub(deps, connection);
}
