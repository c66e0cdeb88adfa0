import { z } from "zod";

const API = "/api/management";

const DevicesSchema = z.array(
  z.object({
    id: z.string(),
    status: z.string(),
    identity_data: z.record(z.string(), z.unknown()),
    auth_sets: z.array(z.object({ id: z.string(), status: z.string() })),
  }),
);
export type KnownDevice = z.output<typeof DevicesSchema>[number];

const InventorySchema = z.object({
  attributes: z.array(z.object({ name: z.string(), value: z.unknown(), scope: z.string() })),
});

/** The management API as an operator uses it. */
export class DemoOperator {
  readonly #url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  static async login(url: string, email: string, password: string): Promise<DemoOperator> {
    const basic = Buffer.from(`${email}:${password}`).toString("base64");
    const answer = await fetch(`${url}${API}/v1/useradm/auth/login`, {
      method: "POST",
      headers: { Authorization: `Basic ${basic}` },
    });
    if (answer.status === 401)
      throw new Error(`${email} cannot log in with this password; give another with --email and --password`);
    if (!answer.ok) throw new Error(`the login is answered ${answer.status}`);
    return new DemoOperator(url, await answer.text());
  }

  async deviceByMac(mac: string): Promise<KnownDevice> {
    const answer = await this.#call("POST", "/v2/devauth/devices/search", { identity_data: { mac } });
    const device = DevicesSchema.parse(await answer.json()).find(
      ({ identity_data }) => identity_data.mac === mac,
    );
    if (!device) throw new Error(`the server does not know the device ${mac}`);
    return device;
  }

  /** Devices that wait to be let in, the first 500. */
  async pending(): Promise<KnownDevice[]> {
    const answer = await this.#call("GET", "/v2/devauth/devices?status=pending&per_page=500");
    return DevicesSchema.parse(await answer.json());
  }

  async accept(device: KnownDevice): Promise<void> {
    const pending = device.auth_sets.find(({ status }) => status === "pending");
    if (!pending) throw new Error(`the device ${device.id} is not pending`);
    await this.#call("PUT", `/v2/devauth/devices/${device.id}/auth/${pending.id}/status`, {
      status: "accepted",
    });
  }

  /** What the device has reported itself. */
  async inventory(device: string): Promise<Record<string, unknown>> {
    const answer = await this.#call("GET", `/v1/inventory/devices/${device}`);
    const { attributes } = InventorySchema.parse(await answer.json());
    const reported = attributes.filter(({ scope }) => scope === "inventory");
    return Object.fromEntries(reported.map(({ name, value }) => [name, value]));
  }

  async pendingDevices(page: number): Promise<KnownDevice[]> {
    const path = `/v2/devauth/devices?status=pending&per_page=500&page=${page}`;
    return DevicesSchema.parse(await (await this.#call("GET", path)).json());
  }

  async addToGroup(group: string, devices: string[]): Promise<void> {
    await this.#call("PATCH", `/v1/inventory/groups/${group}/devices`, devices);
  }

  async setTags(release: string, tags: string[]): Promise<void> {
    await this.#call("PUT", `/v2/deployments/deployments/releases/${release}/tags`, tags);
  }

  async setNotes(release: string, notes: string): Promise<void> {
    await this.#call("PATCH", `/v2/deployments/deployments/releases/${release}`, { notes });
  }

  async upload(file: Blob, description: string): Promise<void> {
    const form = new FormData();
    form.append("size", String(file.size));
    form.append("description", description);
    form.append("artifact", file, "demo.mender");
    await this.#send("POST", "/v1/deployments/artifacts", form);
  }

  /** The id of the new deployment. */
  async deploy(name: string, artifact: string, device: string): Promise<string> {
    return this.#created("/v1/deployments/deployments", { name, artifact_name: artifact, devices: [device] });
  }

  async deployToGroup(group: string, body: object): Promise<string> {
    return this.#created(`/v1/deployments/deployments/group/${group}`, body);
  }

  async #created(path: string, body: object): Promise<string> {
    const answer = await this.#call("POST", path, body);
    const id = answer.headers.get("location")?.split("/").at(-1);
    if (id === undefined) throw new Error("the new deployment has no location");
    return id;
  }

  /** How many devices of the deployment are in which state; states without devices are left out. */
  async statistics(deployment: string): Promise<Record<string, number>> {
    const answer = await this.#call("GET", `/v1/deployments/deployments/${deployment}/statistics`);
    const all = z.record(z.string(), z.unknown()).parse(await answer.json());
    const counts = Object.entries(all).flatMap(([status, count]) =>
      typeof count === "number" && count > 0 ? [[status, count] as const] : [],
    );
    return Object.fromEntries(counts);
  }

  #call(method: string, path: string, json?: unknown): Promise<Response> {
    return this.#send(method, path, json === undefined ? null : JSON.stringify(json), {
      "Content-Type": "application/json",
    });
  }

  async #send(method: string, path: string, body: BodyInit | null, headers = {}): Promise<Response> {
    const answer = await fetch(`${this.#url}${API}${path}`, {
      method,
      headers: { ...headers, Authorization: `Bearer ${this.#token}` },
      body,
    });
    if (!answer.ok) throw new Error(`${method} ${path} is answered ${answer.status}: ${await answer.text()}`);
    return answer;
  }
}
