import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Sent } from "./receivers.ts";

const EMPTY = { status: 200 };

interface Certificate {
  arn: string;
  status: "ACTIVE" | "INACTIVE";
  request: string;
  policies: string[];
}

interface Thing {
  version: number;
  principals: string[];
  shadow?: { desired?: object; reported?: object };
}

/** AWS IoT Core in one region: takes nothing that is not signed as its own tools sign. */
export class FakeAws {
  readonly things = new Map<string, Thing>();
  readonly certificates = new Map<string, Certificate>();
  /** Requests whose signature was wrong. */
  readonly forged: string[] = [];
  /** Answers this status to the requests named by their beginning, so many times. */
  failing: { request: string; status: number; times: number } | undefined;
  readonly #region: string;
  readonly #keys: { accessKeyId: string; secretAccessKey: string };
  #made = 0;

  constructor(region: string, keys: { accessKeyId: string; secretAccessKey: string }) {
    this.#region = region;
    this.#keys = keys;
  }

  async answer(sent: Sent): Promise<Response> {
    const url = new URL(sent.url);
    const isData = url.hostname === `data-ats.iot.${this.#region}.amazonaws.com`;
    if (!isData && url.hostname !== `iot.${this.#region}.amazonaws.com`) throw new TypeError("no such host");
    const name = `${sent.method} ${url.pathname}`;
    if (!(await this.#isSigned(sent, url, isData ? "iotdata" : "iot"))) {
      this.forged.push(name);
      return new Response("{}", { status: 403 });
    }
    if (this.failing && name.startsWith(this.failing.request) && this.failing.times > 0) {
      this.failing.times -= 1;
      return new Response("{}", { status: this.failing.status });
    }
    const path = url.pathname.split("/").slice(1).map(decodeURIComponent);
    return this.#serve(sent, url, path);
  }

  async #isSigned(sent: Sent, url: URL, service: string): Promise<boolean> {
    const authorization = sent.headers.authorization ?? "";
    const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(";") ?? [];
    const at = sent.headers["x-amz-date"] ?? "";
    const time = at.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
    const all: Record<string, string> = { ...sent.headers, host: url.host };
    const signer = new SignatureV4({
      service,
      region: this.#region,
      credentials: this.#keys,
      sha256: Sha256,
      applyChecksum: false,
    });
    const signed = await signer.sign(
      {
        method: sent.method,
        protocol: "https:",
        hostname: url.host,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: Object.fromEntries(names.map((name) => [name, all[name] ?? ""])),
        body: sent.body,
      },
      { signingDate: new Date(time) },
    );
    const signature = (text: string | undefined) => /Signature=([0-9a-f]{64})/.exec(text ?? "")?.[1];
    return names.includes("host") && signature(authorization) === signature(signed.headers.authorization);
  }

  #serve(sent: Sent, url: URL, path: string[]): Response {
    const [kind = "", id = "", more] = path;
    const body = sent.body === "" ? {} : (JSON.parse(sent.body) as Record<string, never>);
    if (kind === "things") return this.#thing(sent, url, id, more, body);
    if (kind === "endpoint")
      return Response.json({ endpointAddress: `a1-ats.iot.${this.#region}.amazonaws.com` });
    if (kind === "target-policies") {
      const target = [...this.certificates.values()].find(({ arn }) => arn === body.target);
      target?.policies.push(id);
      return new Response("", { status: target ? 200 : 404 });
    }
    if (kind !== "certificates") return new Response("{}", { status: 404 });
    if (sent.method === "POST") return this.#certify(url, body.certificateSigningRequest ?? "");
    const certificate = this.certificates.get(id);
    if (!certificate) return new Response("{}", { status: 404 });
    if (sent.method === "GET")
      return Response.json({ certificateDescription: { certificateId: id, status: certificate.status } });
    if (sent.method === "PUT")
      certificate.status = url.searchParams.get("newStatus") as Certificate["status"];
    else {
      const isUsed = [...this.things.values()].some(({ principals }) => principals.includes(certificate.arn));
      if (isUsed || certificate.status === "ACTIVE") return new Response("{}", { status: 409 });
      this.certificates.delete(id);
    }
    return new Response("", EMPTY);
  }

  #thing(sent: Sent, url: URL, id: string, more: string | undefined, body: Record<string, object>): Response {
    const thing = this.things.get(id);
    const principal = sent.headers["x-amzn-principal"] ?? "";
    if (more === undefined && sent.method === "POST") {
      this.things.set(id, thing ?? { version: 1, principals: [] });
      return Response.json({ thingName: id });
    }
    if (!thing) return new Response("{}", { status: 404 });
    if (more === "shadow") {
      if (sent.method === "GET")
        return thing.shadow ? Response.json({ state: thing.shadow }) : new Response("{}", { status: 404 });
      thing.shadow = { ...thing.shadow, ...(body.state as object) };
      return Response.json({ state: body.state, version: 2 });
    }
    if (more === "principals") {
      if (sent.method === "GET") return Response.json({ principals: thing.principals });
      thing.principals = thing.principals.filter((arn) => arn !== principal);
      if (sent.method === "PUT") thing.principals.push(principal);
      return new Response("", EMPTY);
    }
    if (sent.method === "GET") return Response.json({ thingName: id, thingId: "t", version: thing.version });
    if (thing.principals.length > 0 || url.searchParams.get("expectedVersion") !== String(thing.version))
      return new Response("{}", { status: 409 });
    this.things.delete(id);
    return new Response("", EMPTY);
  }

  #certify(url: URL, request: string): Response {
    this.#made += 1;
    const id = `cert${this.#made}`;
    const arn = `arn:aws:iot:${this.#region}:1:cert/${id}`;
    const status = url.searchParams.get("setAsActive") === "true" ? "ACTIVE" : "INACTIVE";
    this.certificates.set(id, { arn, status, request, policies: [] });
    return Response.json({ certificateArn: arn, certificateId: id, certificatePem: `PEM of ${id}` });
  }
}
