import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EvilReceivers, WORDS, type Evil } from "./evil-receivers.ts";
import { Operator } from "./operator.ts";
import { cleanUp, LocalServer, newFolder, settings } from "./server-process.ts";
import { isSo, until } from "./until.ts";

/** What comes of a request: a status, or none in time, or none at all. */
const ENDS: Readonly<Record<Evil, readonly (number | "late" | "none")[]>> = {
  interim: [200],
  large: [200],
  loop: [302],
  chain: [302],
  inside: [307],
  nowhere: [302],
  elsewhere: [302],
  gone: [404],
  busy: [429],
  failing: [500],
  away: [503],
  endless: [200],
  dripping: ["late"],
  silent: ["late"],
  broken: ["none"],
  nonsense: ["none"],
  // The platform may read so many headers or not, and what is cut may have been answered before.
  swollen: [200, "none"],
  cut: [200, "none"],
  expired: ["none"],
  misnamed: ["none"],
  unsigned: ["none"],
  bare: ["none"],
};

const SHOWN_BYTES = 1024;
const MAX_WAIT_MS = 8_000;
const WORKFLOW_S = 6;

let receivers: EvilReceivers;
let server: LocalServer;
let operator: Operator;
let kinds: [Evil, string][];

beforeAll(async () => {
  receivers = await EvilReceivers.open();
  kinds = [...receivers.origins];
  process.env.NODE_EXTRA_CA_CERTS = receivers.caFile; // the server reads it as it starts
  server = await LocalServer.start(
    newFolder(),
    settings(`WORKFLOW_HTTP_TIMEOUT_S=${WORKFLOW_S}`, "TRUSTED_HUBS=127.0.0.1", "DELIVERY_PAUSE_MS=0"),
  );
  operator = await Operator.login(server, server.ready.adminPassword!);
});
afterAll(async () => {
  await cleanUp();
  receivers.close();
});

const json = async <T>(answer: Response): Promise<T> => (await answer.json()) as T;

function internal(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(server.ready.url + path, {
    method,
    headers: { Authorization: `Bearer ${server.ready.operatorToken}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** Does something while others ask, who are answered. */
async function besideOthers<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  let longestMs = 0;
  const others = (async () => {
    while (!isOver) {
      const before = performance.now();
      expect((await fetch(`${server.ready.url}/healthz`)).status).toBe(200);
      longestMs = Math.max(longestMs, performance.now() - before);
      await new Promise((next) => setTimeout(next, 20));
    }
  })();
  try {
    return await work;
  } finally {
    isOver = true;
    await others;
    expect(longestMs).toBeLessThan(MAX_WAIT_MS);
  }
}

/** Whether an attempt ended as it has to. */
function expectEnd(
  kind: Evil,
  { success, status, error }: { success: boolean; status: number | undefined; error: string | undefined },
): void {
  const end = status ?? (error?.includes("in time") ? "late" : "none");
  expect(ENDS[kind], `${kind}: ${status} ${error}`).toContain(end);
  expect([kind, success]).toEqual([kind, status !== undefined && status < 300]);
}

describe("receivers that do what none should", () => {
  test("of a webhook: users see the status and no more than a beginning", async () => {
    const tried = kinds.map(async ([kind, origin]) => {
      const hook = { name: kind, types: ["device.*"], target: `${origin}/` };
      const made = await operator.call("POST", "/v1/webhooks", hook);
      expect(made.status).toBe(201);
      const { id } = await json<{ id: string }>(made);
      const answer = await operator.call("POST", `/v1/webhooks/${id}/test`);
      expect(answer.status).toBe(200);
      const end = await json<{ success: boolean; status_code?: number; error?: string; answer?: string }>(
        answer,
      );
      expectEnd(kind, { success: end.success, status: end.status_code, error: end.error });
      expect(Buffer.byteLength(end.answer ?? "")).toBeLessThanOrEqual(SHOWN_BYTES);
      expect((await operator.call("DELETE", `/v1/webhooks/${id}`)).status).toBe(204);
    });
    await besideOthers(Promise.all(tried));
  });

  interface Told {
    delivery_statuses: { integration_id: string; success: boolean; status_code?: number; error?: string }[];
  }
  const IOT = "/v1/iot-manager";
  /** Integrations of all kinds but two, which are as many as there may be, told of a device. */
  async function toldIntegrations(credentialsOf: (origin: string) => object, provider: string) {
    const some = kinds.filter(([kind]) => kind !== "gone" && kind !== "busy");
    const ids = new Map<string, Evil>();
    for (const [kind, origin] of some) {
      const made = await operator.call("POST", `${IOT}/integrations`, {
        provider,
        credentials: credentialsOf(origin),
      });
      expect([kind, made.status]).toEqual([kind, 201]);
      ids.set(made.headers.get("location")!.slice(-36), kind);
    }
    const path = "/api/internal/v1/iot-manager/tenants/default/devices";
    expect((await internal("POST", path, { id: crypto.randomUUID() })).status).toBe(202);
    const statuses = await until("an attempt at each", async () => {
      const [last] = await operator.get<Told[]>(`${IOT}/events?per_page=1`);
      const told = last?.delivery_statuses.filter(({ integration_id: id }) => ids.has(id)) ?? [];
      return told.length === ids.size ? told : undefined;
    });
    const text = JSON.stringify(await operator.get(`${IOT}/events`));
    expect(text).not.toContain(WORDS.trim());
    for (const id of ids.keys())
      expect((await operator.call("DELETE", `${IOT}/integrations/${id}`, {})).status).toBe(204);
    return statuses.map((told) => ({ kind: ids.get(told.integration_id)!, ...told }));
  }

  test("of an integration: the same, and of the answer nothing", async () => {
    const ends = await besideOthers(
      toldIntegrations((url) => ({ type: "http", http: { url: `${url}/` } }), "webhook"),
    );
    for (const { kind, success, status_code: status, error } of ends)
      expectEnd(kind, { success, status, error });
  });

  test("in place of a cloud: nothing is taken for an answer of it", async () => {
    const connection = (url: string) => ({
      type: "sas",
      connection_string: `HostName=${new URL(url).host};SharedAccessKeyName=a;SharedAccessKey=a2V5`,
    });
    const ends = await besideOthers(toldIntegrations(connection, "iot-hub"));
    for (const { kind, success, status_code: status, error } of ends) {
      expect([kind, success]).toEqual([kind, false]);
      const end = status ?? (error?.includes("in time") ? "late" : "none");
      expect(ENDS[kind], `${kind}: ${status} ${error}`).toContain(end);
    }
  });

  test("of a workflow: the job ends, and keeps no more than its part", async () => {
    const tasks = [
      { name: "ask", type: "http", retries: 0, http: { uri: "${workflow.input.uri}", method: "POST" } },
    ];
    const definition = { name: "ask", version: 1, inputParameters: ["uri"], tasks };
    expect((await internal("POST", "/api/v1/metadata/workflows", definition)).status).toBe(201);
    const asked = kinds.map(async ([kind, origin]) => {
      const started = await internal("POST", "/api/v1/workflow/ask", { uri: `${origin}/` });
      const { id } = await json<{ id: string }>(started);
      const job = await until(`the end of ${kind}`, async () => {
        const found = await json<{
          status: string;
          results: { httpResponse?: { statusCode: number; body: string } }[] | null;
        }>(await internal("GET", `/api/v1/jobs/${id}`));
        return isSo(found.status !== "pending" && found.status !== "processing") && found;
      });
      const response = job.results?.at(-1)?.httpResponse;
      const ends = ENDS[kind].map((end) => (typeof end === "number" ? end : undefined));
      expect(ends, `${kind}: ${response?.statusCode}`).toContain(response?.statusCode);
      expect(job.status).toBe(response && response.statusCode < 300 ? "done" : "failed");
      expect(Buffer.byteLength(response?.body ?? "")).toBeLessThanOrEqual(64 * 1024);
    });
    await besideOthers(Promise.all(asked));
  });

  test("of metadata for single sign-on: a clear refusal, without their words", async () => {
    const saml = (origin: string) => `<IdentityProviderUrl>${origin}</IdentityProviderUrl>`;
    const oidc = (origin: string) =>
      JSON.stringify({ client_id: "a", well_known_url: `${origin}/.well-known/openid-configuration` });
    const forms = [
      ["application/samlmetadata+xml", saml],
      ["application/json", oidc],
    ] as const;
    const asked = forms.flatMap(([type, body]) =>
      kinds.map(async ([kind, origin]) => {
        const answer = await fetch(`${server.ready.url}/api/management/v1/useradm/sso/idp/metadata`, {
          method: "POST",
          headers: { Authorization: `Bearer ${operator.token}`, "Content-Type": type },
          body: body(origin),
        });
        const text = await answer.text();
        expect([type, kind, answer.status]).toEqual([type, kind, 400]);
        expect(text).not.toContain(WORDS.trim());
      }),
    );
    await besideOthers(Promise.all(asked));
  });

  test("lead nobody astray", () => {
    expect(receivers.astray).toBe(0);
  });
});
