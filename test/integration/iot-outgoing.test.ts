import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { rowsOf } from "../support/answers.ts";
import { OUTGOING_CORPUS } from "../support/outgoing-corpus.ts";
import { standIn, type Sent } from "../support/receivers.ts";
import { OPERATOR_TOKEN, Server } from "../support/server.ts";

const BASE = "/api/management/v1/iot-manager";
const HOUR_MS = 3_600_000;
const WORDS = "words of whoever answers";
const HUB = "acme.azure-devices.net";

let server: Server;
let admin: TestUser;

beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
});
afterEach(() => vi.unstubAllGlobals());

const call = (method: string, path: string, json?: unknown) =>
  server.call(method, BASE + path, { token: admin.token, ...(json === undefined ? {} : { json }) });

const hub = (host: string) => ({
  type: "sas",
  connection_string: `HostName=${host};SharedAccessKeyName=owner;SharedAccessKey=a2V5`,
});
const core = (region: string) => ({
  type: "aws",
  aws: { access_key_id: "AKIDEXAMPLE", secret_access_key: "secret", region, device_policy_name: "policy" },
});

const CLOUDS = [
  ["an IoT Hub", "iot-hub", hub(HUB)],
  ["AWS IoT Core", "iot-core", core("eu-central-1")],
] as const;

async function add(provider: string, credentials: object): Promise<string> {
  const answer = await call("POST", "/integrations", { provider, credentials });
  expect(answer.status).toBe(201);
  return (answer.headers.get("location") ?? "").slice(-36);
}

const sweep = async () => {
  await runSweeps(await server.deps(), EVERY_MINUTE);
  await server.deliverEvents();
};

/** Something that every integration is told. */
async function happens(): Promise<void> {
  const path = "/api/internal/v1/iot-manager/tenants/default/devices";
  const told = await server.call("POST", path, { token: OPERATOR_TOKEN, json: { id: crypto.randomUUID() } });
  expect(told.status).toBe(202);
}

interface Status {
  success: boolean;
  status_code?: number;
  error?: string;
}
const lastStatus = async (): Promise<Status | undefined> =>
  (await call("GET", "/events?per_page=1")).json<{ delivery_statuses: Status[] }[]>()[0]
    ?.delivery_statuses[0];

const HOSTS = Object.values(OUTGOING_CORPUS).flat();

describe("addresses of clouds", () => {
  it("are none of the inside, in none of the spellings, nor in place of a region", async () => {
    expect(HOSTS.length).toBeGreaterThanOrEqual(60);
    const [azure, aws] = [await add("iot-hub", hub(HUB)), await add("iot-core", core("eu-central-1"))];
    const sent = standIn(() => new Response(null, { status: 500 }));
    for (const local of ["true", "false"]) {
      server.configure({ LOCAL: local });
      for (const host of HOSTS) {
        const hosts = [
          host,
          `${host}/`,
          `${host}:443`,
          `${host}#.azure-devices.net`,
          `x@${host}`,
          `${HUB}@${host}`,
        ];
        for (const spelled of [...hosts, `${HUB}\\@${host}`, `${HUB};HostName=${host}`]) {
          const answers = [
            await call("POST", "/integrations", { provider: "iot-hub", credentials: hub(spelled) }),
            await call("PUT", `/integrations/${azure}/credentials`, hub(spelled)),
          ];
          expect([spelled, ...answers.map(({ status }) => status)]).toEqual([spelled, 400, 400]);
        }
        // Single labels may be regions, and lead to AWS then.
        for (const region of [`${host}/`, `${host}#`, `${host}?`, `${host}:1`, `x@${host}/`, `a.${host}.`]) {
          const answer = await call("PUT", `/integrations/${aws}/credentials`, core(region));
          expect([region, answer.status]).toEqual([region, 400]);
        }
      }
    }
    expect(sent).toEqual([]);
    expect(await rowsOf("SELECT * FROM iot_integrations")).toHaveLength(2);
  });

  it("are not called even where the operator trusts every host", async () => {
    const trusted = Array.from({ length: 6 }, (_, n) => Array.from({ length: n + 2 }, () => "*").join("."));
    server.configure({ LOCAL: "false", TRUSTED_HUBS: trusted.join(",") });
    const sent = standIn(() => new Response(null, { status: 500 }));
    const id = await add("iot-hub", hub("hub.example.com"));
    await happens();
    await sweep();
    expect(sent.map(({ url }) => new URL(url).hostname)).toEqual(["hub.example.com"]);
    sent.length = 0;
    let taken = 0;
    for (const host of HOSTS) {
      const answer = await call("PUT", `/integrations/${id}/credentials`, hub(host));
      if (answer.status === 400) continue;
      taken += 1;
      await server.deliverEvents();
      expect([host, await lastStatus()]).toEqual([
        host,
        expect.objectContaining({
          success: false,
          error: "client: destination address is in reserved address range",
        }),
      ]);
    }
    expect(taken).toBeGreaterThan(20);
    expect(sent).toEqual([]);
  });

  it.each(["a", "eu-central-1", "127-0-0-1", "0x7f000001", "2130706433", "localhost", "-", "xn--abc"])(
    "lead to AWS whatever the region: %s",
    async (region) => {
      const sent = standIn(() => new Response(null, { status: 500 }));
      await add("iot-core", core(region));
      await happens();
      await sweep();
      expect(sent.map(({ url }) => new URL(url).hostname)).toEqual([`iot.${region}.amazonaws.com`]);
    },
  );
});

const bytes = new TextEncoder().encode(WORDS.repeat(100));
const endless = () => new ReadableStream({ pull: (controller) => controller.enqueue(bytes) });
const breaking = () => new ReadableStream({ pull: (controller) => controller.error(new TypeError(WORDS)) });
const redirect = (status: number, location: string) => () =>
  new Response(WORDS, { status, headers: { Location: location } });

/** What no cloud answers. */
const ODD: readonly [name: string, answer: (sent: Sent) => Response, status: number | undefined][] = [
  ["a redirect to itself", ({ url }) => redirect(302, url)(), 302],
  ["a redirect to the inside", redirect(307, "http://169.254.169.254/"), 307],
  ["a redirect to another host", redirect(308, "https://evil.example.net/"), 308],
  ["400", () => new Response(WORDS, { status: 400 }), 400],
  ["429", () => new Response(WORDS, { status: 429 }), 429],
  ["500", () => new Response(WORDS, { status: 500 }), 500],
  ["503", () => new Response(WORDS, { status: 503 }), 503],
  ["204", () => new Response(null, { status: 204 }), 204],
  ["no JSON", () => new Response(`{"${WORDS}`), 200],
  ["a list", () => Response.json([WORDS]), 200],
  ["null", () => Response.json(null), 200],
  ["a body without an end", () => new Response(endless()), 200],
  ["a body that breaks off", () => new Response(breaking()), undefined],
  [
    "nothing",
    () => {
      throw new TypeError(`connection refused ${WORDS}`);
    },
    undefined,
  ],
];

describe.each(CLOUDS)("%s", (_, provider, credentials) => {
  it.each(ODD)(
    "that answers %s is asked again, and nobody reads its words",
    async (_name, answer, status) => {
      let isOdd = true;
      const sent = standIn((request) => {
        if (isOdd) return answer(request);
        return new Response("{}", { status: 403 });
      });
      await add(provider, credentials);
      await happens();
      await sweep();
      const told = await lastStatus();
      expect(told).toMatchObject({ success: false, error: expect.any(String) });
      expect(told?.status_code).toBe(status);
      expect(JSON.stringify(told)).not.toContain(WORDS);
      // Nothing followed.
      expect(new Set(sent.map(({ url }) => new URL(url).hostname)).size).toBe(1);
      expect(sent).toHaveLength(1);
      isOdd = false;
      server.advance(HOUR_MS);
      await sweep();
      expect(sent.length).toBeGreaterThan(1);
      expect(JSON.stringify(await rowsOf("SELECT * FROM event_deliveries"))).not.toContain(WORDS);
    },
  );
});
