import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { READS, type Recorded, type RecordedDevice } from "./reads.ts";

const MANAGEMENT = "/api/management";
const DEPLOYMENTS = `${MANAGEMENT}/v1/deployments`;
const DEVICE = "/api/devices/v1";

/** Of Ed25519 in PKCS #8, before the 32 bytes of the key. */
const KEY_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** The key of a device is made of its name, so that none has to be kept. */
function keyOf(mac: string) {
  const seed = createHash("sha256").update(mac).digest();
  return createPrivateKey({ key: Buffer.concat([KEY_PREFIX, seed]), format: "der", type: "pkcs8" });
}

interface Call {
  json?: unknown;
  body?: BodyInit;
  token?: string;
}

/** A server by its address, as its users and devices see it. */
export class Installation {
  readonly #url: string;
  #token = "";

  constructor(url: string) {
    this.#url = url;
  }

  async login(admin: string): Promise<void> {
    const answer = await fetch(`${this.#url}${MANAGEMENT}/v1/useradm/auth/login`, {
      method: "POST",
      headers: { Authorization: `Basic ${Buffer.from(admin).toString("base64")}` },
    });
    if (answer.status !== 200) throw new Error(`login: ${answer.status}`);
    this.#token = await answer.text();
  }

  /** An answer that must be a good one, of whoever is logged in or has the token. */
  async call(
    method: string,
    path: string,
    { json, body, token = this.#token }: Call = {},
  ): Promise<Response> {
    const sent = json === undefined ? body : JSON.stringify(json);
    const type = json === undefined ? {} : { "Content-Type": "application/json" };
    const headers = { Authorization: `Bearer ${token}`, ...type };
    const answer = await fetch(this.#url + path, {
      method,
      headers,
      ...(sent === undefined ? {} : { body: sent }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  /** A token, or undefined where the device is not let in. */
  async authenticate(mac: string): Promise<string | undefined> {
    const key = keyOf(mac);
    const pubkey = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
    const body = JSON.stringify({ id_data: JSON.stringify({ mac }), pubkey, tenant_token: "" });
    const signature = sign(null, Buffer.from(body), key).toString("base64");
    const answer = await fetch(`${this.#url}${DEVICE}/authentication/auth_requests`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-MEN-Signature": signature },
      body,
    });
    return answer.status === 200 ? answer.text() : undefined;
  }

  /** What a device that has this release shall install. */
  async next(token: string, has: string): Promise<string | undefined> {
    const query = `device_type=pi4&artifact_name=${has}`;
    const answer = await this.call("GET", `${DEVICE}/deployments/device/deployments/next?${query}`, {
      token,
    });
    return answer.status === 200 ? ((await answer.json()) as { id: string }).id : undefined;
  }

  async tell(token: string, deployment: string, status: string): Promise<void> {
    const path = `${DEVICE}/deployments/device/deployments/${deployment}/status`;
    await this.call("PUT", path, { token, json: { status } });
  }

  async answers(): Promise<Recorded["answers"]> {
    const answers: Recorded["answers"] = {};
    for (const { name, method, path, json } of READS)
      answers[name] = await (await this.call(method, path, json === undefined ? {} : { json })).json();
    return answers;
  }
}

interface Listed {
  id: string;
  identity_data: { mac: string };
  auth_sets: { id: string }[];
}

async function enrol(server: Installation, mac: string): Promise<RecordedDevice & { token: string }> {
  await server.authenticate(mac);
  const all = (await (await server.call("GET", `${MANAGEMENT}/v2/devauth/devices`)).json()) as Listed[];
  const found = all.find(({ identity_data: identity }) => identity.mac === mac);
  const status = `${MANAGEMENT}/v2/devauth/devices/${found?.id}/auth/${found?.auth_sets[0]?.id}/status`;
  await server.call("PUT", status, { json: { status: "accepted" } });
  const token = await server.authenticate(mac);
  if (!found || !token) throw new Error(`${mac} was not let in`);
  return { mac, id: found.id, token };
}

const deploy = (server: Installation, name: string, devices: string[]) =>
  server.call("POST", `${DEPLOYMENTS}/deployments`, { json: { name, artifact_name: "release-2", devices } });

/** Begins the next deployment of a device and tells how far it is. */
async function update(server: Installation, token: string, statuses: string[]): Promise<void> {
  const id = await server.next(token, "release-1");
  if (!id) throw new Error("nothing to install");
  for (const status of statuses) await server.tell(token, id, status);
}

/** Fills a fresh server with one of everything that an installation of any time can have, and asks it for all of it. */
export async function fill(url: string, admin: string, artifact: Uint8Array<ArrayBuffer>): Promise<Recorded> {
  const server = new Installation(url);
  await server.login(admin);
  const first = await enrol(server, "02:00:00:00:00:01");
  const second = await enrol(server, "02:00:00:00:00:02");
  await server.authenticate("02:00:00:00:00:03");

  for (const { token, load } of [
    { ...first, load: 0.5 },
    { ...second, load: 7 },
  ]) {
    const attributes = [
      { name: "device_type", value: "pi4" },
      { name: "artifact_name", value: "release-1" },
      { name: "site", value: ["oslo", "north"] },
      { name: "load", value: load },
    ];
    await server.call("PATCH", `${DEVICE}/inventory/device/attributes`, { token, json: attributes });
  }
  const group = `${MANAGEMENT}/v1/inventory/devices/${first.id}/group`;
  await server.call("PUT", group, { json: { group: "roof" } });
  const terms = [{ scope: "inventory", attribute: "site", type: "$eq", value: "oslo" }];
  await server.call("POST", `${MANAGEMENT}/v2/inventory/filters`, { json: { name: "in oslo", terms } });

  const form = new FormData();
  form.append("description", "the second");
  form.append("artifact", new Blob([artifact]), "release-2.mender");
  await server.call("POST", `${DEPLOYMENTS}/artifacts`, { body: form });

  await deploy(server, "finished", [first.id]);
  await update(server, first.token, ["downloading", "installing", "success"]);
  await deploy(server, "under way", [second.id]);
  await update(server, second.token, ["downloading", "installing"]);
  await deploy(server, "to come", [first.id, second.id]);

  const configuration = `${MANAGEMENT}/v1/deviceconfig/configurations/device/${first.id}`;
  await server.call("PUT", configuration, { json: { timezone: "Europe/Oslo", "log-level": "info" } });
  const user = { email: "reader@example.com", password: "a reader's password" };
  await server.call("POST", `${MANAGEMENT}/v1/useradm/users`, { json: user });
  await server.call("POST", `${MANAGEMENT}/v1/useradm/settings`, { json: { theme: "dark" } });

  const devices = [first, second].map(({ mac, id }) => ({ mac, id }));
  return { admin, devices, answers: await server.answers() };
}
