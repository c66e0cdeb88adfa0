import type { Sent } from "./receivers.ts";

interface HubDevice {
  deviceId: string;
  status: "enabled" | "disabled";
  etag: string;
  authentication: { type: "sas"; symmetricKey: { primaryKey: string; secondaryKey: string } };
}

interface Twin {
  etag: string;
  tags: object;
  properties: { desired: Record<string, unknown>; reported: Record<string, unknown> };
}

/** An IoT Hub of Azure: takes nothing without a token as Azure documents it. */
export class FakeHub {
  readonly devices = new Map<string, HubDevice>();
  readonly twins = new Map<string, Twin>();
  readonly forged: string[] = [];
  failing: { request: string; status: number; times: number } | undefined;
  readonly #host: string;
  readonly #key: Uint8Array<ArrayBuffer>;
  readonly #keyName: string;
  readonly #now: () => number;
  #version = 1;

  constructor(host: string, { keyName, key }: { keyName: string; key: string }, now: () => number) {
    this.#host = host;
    this.#keyName = keyName;
    this.#key = Uint8Array.from(Buffer.from(key, "base64"));
    this.#now = now;
  }

  async answer(sent: Sent): Promise<Response> {
    const url = new URL(sent.url);
    if (url.host !== this.#host) throw new TypeError("no such host");
    const name = `${sent.method} ${url.pathname}`;
    if (!(await this.#isSigned(sent)) || url.searchParams.get("api-version") !== "2021-04-12") {
      this.forged.push(name);
      return new Response("", { status: 401 });
    }
    if (this.failing && name.startsWith(this.failing.request) && this.failing.times > 0) {
      this.failing.times -= 1;
      return new Response("secret words of the cloud", { status: this.failing.status });
    }
    const [, kind, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    return kind === "devices" ? this.#device(sent, rest.join("/")) : this.#twin(sent, rest.join("/"));
  }

  /** The published algorithm: the signature is over the encoded resource, a line feed and the end of the token. */
  async #isSigned({ headers }: Sent): Promise<boolean> {
    const [scheme, fields = ""] = (headers.authorization ?? "").split(" ");
    const token = new Map(
      fields.split("&").map((field) => {
        const at = field.indexOf("=");
        return [field.slice(0, at), field.slice(at + 1)];
      }),
    );
    const [sr = "", sig = "", se = "", skn] = ["sr", "sig", "se", "skn"].map((name) => token.get(name));
    const key = await crypto.subtle.importKey("raw", this.#key, { name: "HMAC", hash: "SHA-256" }, false, [
      "verify",
    ]);
    const given = Uint8Array.from(Buffer.from(decodeURIComponent(sig), "base64"));
    const isRight = await crypto.subtle.verify("HMAC", key, given, new TextEncoder().encode(`${sr}\n${se}`));
    const isFresh = Number(se) * 1000 > this.#now() && Number(se) * 1000 < this.#now() + 3_600_000;
    return (
      scheme === "SharedAccessSignature" &&
      decodeURIComponent(sr) === this.#host &&
      skn === this.#keyName &&
      isRight &&
      isFresh
    );
  }

  #device({ method, headers, body }: Sent, id: string): Response {
    const known = this.devices.get(id);
    if (method === "DELETE") {
      this.devices.delete(id);
      this.twins.delete(id);
      return new Response(null, { status: known ? 204 : 404 });
    }
    if (method === "GET") return known ? Response.json(known) : new Response("", { status: 404 });
    const given = JSON.parse(body) as Partial<HubDevice>;
    if (known && headers["if-match"] === undefined) return new Response("", { status: 409 });
    if (known && headers["if-match"] !== `"${known.etag}"`) return new Response("", { status: 412 });
    this.#version += 1;
    const primaryKey = Buffer.from(`key of ${id}`).toString("base64");
    const device: HubDevice = {
      authentication: { type: "sas", symmetricKey: { primaryKey, secondaryKey: primaryKey } },
      ...known,
      deviceId: id,
      status: given.status ?? "enabled",
      etag: `e${this.#version}`,
    };
    this.devices.set(id, device);
    if (!known) this.twins.set(id, { etag: "t1", tags: {}, properties: { desired: {}, reported: {} } });
    return Response.json(device);
  }

  #twin({ method, headers, body }: Sent, id: string): Response {
    const twin = this.twins.get(id);
    if (!twin) return new Response("", { status: 404 });
    const withVersion = (values: object) => ({ ...values, $metadata: { $lastUpdated: "then" }, $version: 3 });
    if (method !== "GET") {
      if (method === "PUT" && headers["if-match"] !== `"${twin.etag}"`)
        return new Response("", { status: 412 });
      const given = JSON.parse(body) as {
        tags?: object;
        properties?: { desired?: Record<string, unknown> | null };
      };
      this.#version += 1;
      twin.etag = `t${this.#version}`;
      twin.tags = given.tags ?? twin.tags;
      if (given.properties?.desired !== undefined) twin.properties.desired = given.properties.desired ?? {};
    }
    return Response.json({
      deviceId: id,
      etag: twin.etag,
      tags: twin.tags,
      properties: {
        desired: withVersion(twin.properties.desired),
        reported: withVersion(twin.properties.reported),
      },
    });
  }
}
