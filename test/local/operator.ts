import type { LocalServer } from "./server-process.ts";

interface Device {
  id: string;
  auth_sets: { id: string }[];
}

/** A user of a running server. */
export class Operator {
  readonly token: string;
  readonly #url: string;

  private constructor(url: string, token: string) {
    this.#url = url;
    this.token = token;
  }

  static async login({ ready }: LocalServer, password: string, email = ready.adminEmail): Promise<Operator> {
    const basic = Buffer.from(`${email}:${password}`).toString("base64");
    const answer = await fetch(`${ready.url}/api/management/v1/useradm/auth/login`, {
      method: "POST",
      headers: { Authorization: `Basic ${basic}` },
    });
    if (answer.status !== 200) throw new Error(`login is answered ${answer.status}`);
    return new Operator(ready.url, await answer.text());
  }

  /** The same user, with the same token, at a server that was started anew. */
  at({ ready }: LocalServer): Operator {
    return new Operator(ready.url, this.token);
  }

  call(method: string, path: string, body?: unknown): Promise<Response> {
    const isForm = body instanceof FormData;
    return fetch(`${this.#url}/api/management${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body === undefined || isForm ? {} : { "Content-Type": "application/json" }),
      },
      body: isForm ? body : body === undefined ? null : JSON.stringify(body),
    });
  }

  async get<T>(path: string): Promise<T> {
    const answer = await this.call("GET", path);
    if (answer.status !== 200) throw new Error(`GET ${path} is answered ${answer.status}`);
    return (await answer.json()) as T;
  }

  /** Lets every device in that waits. */
  async acceptAll(): Promise<void> {
    for (const device of await this.get<Device[]>("/v2/devauth/devices?status=pending"))
      for (const { id } of device.auth_sets) {
        const path = `/v2/devauth/devices/${device.id}/auth/${id}/status`;
        const answer = await this.call("PUT", path, { status: "accepted" });
        if (answer.status !== 204) throw new Error(`accepting is answered ${answer.status}`);
      }
  }
}
