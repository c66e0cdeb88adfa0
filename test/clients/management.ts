import { byteStream } from "../../src/deviceconnect/byte-stream.ts";
import type { RunningServer } from "./server.ts";
import { until } from "./until.ts";

export interface AdmittedDevice {
  id: string;
  status: string;
  identity_data: Record<string, string>;
  auth_sets: { id: string; status: string }[];
}

export interface DeviceOutcome {
  id: string;
  status: string;
  device_type?: string;
  log: boolean;
}

/** Header, then events: seconds, kind, what was shown. */
export type Asciicast = [{ width: number; height: number }, ...[number, string, string][]];

interface Attribute {
  name: string;
  value: unknown;
  scope: string;
}

const LASTING_MS = 3000;

/** What an operator does over the management API. */
export class Management {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  static async login(server: Pick<RunningServer, "url" | "admin">): Promise<Management> {
    const basic = Buffer.from(`${server.admin.email}:${server.admin.password}`).toString("base64");
    const answer = await fetch(`${server.url}/api/management/v1/useradm/auth/login`, {
      method: "POST",
      headers: { Authorization: `Basic ${basic}` },
    });
    if (answer.status !== 200) throw new Error(`login answers ${answer.status}: ${await answer.text()}`);
    return new Management(server.url, await answer.text());
  }

  /** Sends a form as it is, anything else as JSON. */
  async call(method: string, path: string, content?: unknown): Promise<Response> {
    const isJson = content !== undefined && !(content instanceof FormData);
    const answer = await fetch(`${this.#url}/api/management${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.#token}`,
        ...(isJson ? { "Content-Type": "application/json" } : {}),
      },
      body: content instanceof FormData ? content : isJson ? JSON.stringify(content) : null,
    });
    if (!answer.ok)
      throw new Error(`${method} ${path} answers ${answer.status}: ${await answer.text()}`, {
        cause: answer.status,
      });
    return answer;
  }

  /** Sends a form to a device's upload address as it is written; whatever the answer. */
  sendForm(device: string, boundary: string, body: AsyncIterable<Uint8Array>): Promise<Response> {
    const form: RequestInit & { duplex: "half" } = {
      method: "PUT",
      headers: {
        Authorization: `Bearer ${this.#token}`,
        "Content-Type": `multipart/form-data; boundary=${boundary}`,
      },
      body: byteStream(body),
      duplex: "half",
    };
    return fetch(`${this.#url}/api/management/v1/deviceconnect/devices/${device}/upload`, form);
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.call("GET", path)).json()) as T;
  }

  /** Every device with this identity attribute that the operator can see now. */
  async devicesByMac(mac: string): Promise<AdmittedDevice[]> {
    const devices = await this.get<AdmittedDevice[]>("/v2/devauth/devices?per_page=500");
    return devices.filter((device) => device.identity_data["mac"] === mac);
  }

  pendingDevice(mac: string): Promise<AdmittedDevice> {
    return until(`a pending device ${mac}`, async () =>
      (await this.devicesByMac(mac)).find((device) => device.status === "pending"),
    );
  }

  accept(device: AdmittedDevice): Promise<void> {
    return this.decide(device, "accepted");
  }

  /** Accepts or rejects the one key of a device. */
  async decide(device: AdmittedDevice, status: "accepted" | "rejected"): Promise<void> {
    const [set, ...others] = device.auth_sets;
    if (set === undefined || others.length > 0)
      throw new Error(`device ${device.id} has ${device.auth_sets.length} keys`);
    await this.call("PUT", `/v2/devauth/devices/${device.id}/auth/${set.id}/status`, { status });
  }

  async preauthorize(mac: string, pubkey: string): Promise<void> {
    await this.call("POST", "/v2/devauth/devices", { identity_data: { mac }, pubkey });
  }

  async decommission(id: string): Promise<void> {
    await this.call("DELETE", `/v2/devauth/devices/${id}`);
  }

  /** The inventory-scope attributes; empty before the first report. */
  async inventory(id: string): Promise<Record<string, unknown>> {
    try {
      const { attributes } = await this.get<{ attributes: Attribute[] }>(`/v1/inventory/devices/${id}`);
      const reported = attributes.filter((attribute) => attribute.scope === "inventory");
      return Object.fromEntries(reported.map(({ name, value }) => [name, value]));
    } catch (error) {
      if (error instanceof Error && error.cause === 404) return {};
      throw error;
    }
  }

  reported(id: string, name: string, value: string): Promise<Record<string, unknown>> {
    return until(`inventory ${name}=${value} of ${id}`, async () => {
      const inventory = await this.inventory(id);
      return inventory[name] === value && inventory;
    });
  }

  /** An agent that has just started may fetch another token, upon which mender-connect comes again: a connection counts once it lasts. */
  connected(id: string): Promise<unknown> {
    return until(`connection of ${id}`, async () => {
      const path = `/v1/deviceconnect/devices/${id}`;
      const { status, updated_ts } = await this.get<{ status: string; updated_ts: string }>(path);
      return status === "connected" && Date.now() - Date.parse(updated_ts) >= LASTING_MS;
    });
  }

  /** Has mender-connect ask the agent for something. */
  async ask(id: string, what: "check-update" | "send-inventory"): Promise<void> {
    await this.call("POST", `/v1/deviceconnect/devices/${id}/${what}`);
  }

  liveSessions(id: string): Promise<{ session_id: string }[]> {
    return this.get(`/v1/deviceconnect/devices/${id}/sessions`);
  }

  /** What a terminal session showed, as asciicast lines, once its end is on record. */
  async recording(
    session: string,
  ): Promise<[{ width: number; height: number }, ...[number, string, string][]]> {
    await until(`end of session ${session}`, async () => {
      const sessions = await this.get<{ session_id: string; ended_ts?: string }[]>(
        "/v1/deviceconnect/sessions?per_page=500",
      );
      return sessions.some((one) => one.session_id === session && one.ended_ts !== undefined);
    });
    const cast = await (await this.call("GET", `/v1/deviceconnect/sessions/${session}/recording`)).text();
    return JSON.parse(`[${cast.trim().split("\n").join(",")}]`) as Asciicast; // one value a line
  }

  /** Makes a deployment and returns its id. */
  deploy(artifact: string, devices: string[], options: Record<string, unknown> = {}): Promise<string> {
    const body = { name: `${artifact} for ${devices.length}`, artifact_name: artifact, devices, ...options };
    return this.#created("/v1/deployments/deployments", body);
  }

  deployToGroup(artifact: string, group: string): Promise<string> {
    const body = { name: `${artifact} for ${group}`, artifact_name: artifact };
    return this.#created(`/v1/deployments/deployments/group/${group}`, body);
  }

  async joinGroup(id: string, group: string): Promise<void> {
    await this.call("PUT", `/v1/inventory/devices/${id}/group`, { group });
  }

  async #created(path: string, body: unknown): Promise<string> {
    const answer = await this.call("POST", path, body);
    const id = answer.headers.get("location")?.split("/").at(-1);
    if (id === undefined) throw new Error("the new deployment has no location");
    return id;
  }

  /** Has an artifact made of a file and returns its id when it is there. */
  async generate(fields: Record<string, string>, file: Buffer<ArrayBuffer>): Promise<string> {
    const form = new FormData();
    for (const [name, text] of Object.entries(fields)) form.append(name, text);
    form.append("file", new Blob([file]), "unused");
    const answer = await this.call("POST", "/v1/deployments/artifacts/generate", form);
    const id = answer.headers.get("location")?.split("/").at(-1);
    await until(`generated artifact ${id}`, async () => {
      const state = await this.get<{ status: string; error?: string }>(
        `/v1/deployments/artifacts/generate/${id}`,
      );
      if (state.status === "failed") throw new Error(`the artifact is not made: ${state.error}`);
      return state.status === "done";
    });
    return id!;
  }

  async abort(deployment: string): Promise<void> {
    await this.call("PUT", `/v1/deployments/deployments/${deployment}/status`, { status: "aborted" });
  }

  /** Makes a personal access token and returns it. */
  async personalToken(name: string): Promise<string> {
    return (await this.call("POST", "/v1/useradm/settings/tokens", { name, expires_in: 3600 })).text();
  }

  outcomes(deployment: string): Promise<DeviceOutcome[]> {
    return this.get(`/v1/deployments/deployments/${deployment}/devices`);
  }

  async outcome(deployment: string, device: string): Promise<string | undefined> {
    return (await this.outcomes(deployment)).find(({ id }) => id === device)?.status;
  }

  async becomes(deployment: string, device: string, status: string, withinMs?: number): Promise<void> {
    let last: string | undefined;
    await until(
      `${status} of ${device} in ${deployment}`,
      async () => {
        last = await this.outcome(deployment, device);
        return last === status;
      },
      withinMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${last ?? "unknown to the deployment"}`, { cause: error });
    });
  }

  finished(deployment: string): Promise<{ status: string; device_count: number }> {
    return until(`deployment ${deployment} finished`, async () => {
      const found = await this.get<{ status: string; device_count: number }>(
        `/v1/deployments/deployments/${deployment}`,
      );
      return found.status === "finished" && found;
    });
  }

  /** The counters that are not zero. */
  async statistics(deployment: string): Promise<Record<string, number>> {
    const all = await this.get<Record<string, number>>(
      `/v1/deployments/deployments/${deployment}/statistics`,
    );
    return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0));
  }

  async log(deployment: string, device: string): Promise<string> {
    const path = `/v1/deployments/deployments/${deployment}/devices/${device}/log`;
    return (await this.call("GET", path)).text();
  }
}
