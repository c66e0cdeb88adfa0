import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { ScryptInput } from "../../src/platform/scrypt.ts";
import { aUser, logIn } from "../support/actors.ts";
import { Authenticator } from "../support/authenticator.ts";
import { env, Server, type Answer } from "../support/server.ts";

const BASE = "/api/management/v1/useradm";
const PASSWORD = "correct horse battery";
const ROUNDS = 16;

let server: Server;
/** The keys that were derived since it was emptied, each by what that costs. */
let derived: string[];

beforeEach(async () => {
  server = await Server.start();
  derived = [];
  const fetch = async (address: string, { body }: { body: string }) => {
    if (!address.endsWith("/scrypt")) return new Response(null, { status: 404 });
    const { ln, r, p, bytes, password } = JSON.parse(body) as ScryptInput;
    derived.push(`${ln} ${r} ${p} ${bytes}`);
    return new Response(createHash("sha512").update(password).digest().subarray(0, bytes));
  };
  server.configure({ HOST_PROCESS: { fetch } as unknown as Fetcher });
});

/** Everything that a stranger sees of an answer, and what it took; of rows read only those that were written tell nothing. */
async function traceOf(ask: () => Promise<Answer>) {
  derived = [];
  const { status, text, headers, cost } = await ask();
  const shown = [...headers].filter(([name]) => name !== "server-timing");
  const { read, ...work } = cost;
  return { read, trace: JSON.stringify({ status, text, shown, work, derived }) };
}

/** A way in for strangers, asked with an address; `n` is another one for each call, so that nobody has to wait. */
type Ask = (email: string, n: number) => Promise<Answer>;

const HEADERS = { "X-MEN-RequestID": "r" };
const network = (n: number) => `198.51.${Math.floor(n / 200)}.${n % 200}`;
const post = (path: string, json: unknown, n: number) =>
  server.call("POST", BASE + path, { json, headers: HEADERS, address: network(n) });

const ASKS: readonly [string, Ask][] = [
  [
    "a login",
    (email, n) => logIn(server, email, "not the password", { headers: HEADERS, address: network(n) }),
  ],
  [
    "the first step of the login form",
    (email, n) => logIn(server, email, "", { headers: HEADERS, address: network(n) }),
  ],
  [
    "a login with a code",
    (email, n) =>
      logIn(server, email, "not the password", {
        headers: HEADERS,
        address: network(n),
        json: { token2fa: "123456" },
      }),
  ],
  ["a reset of the password", (email, n) => post("/auth/password-reset/start", { email }, n)],
  ["a mail to verify the address", (email, n) => post("/auth/verify-email/start", { email }, n)],
];

/** Somebody of each kind that there is. */
async function someone(n: number): Promise<string> {
  const email = `someone${n}@example.com`;
  const [tenant, password] = [`tenant${n % 2}`, n % 4 === 3 ? {} : { password: PASSWORD }];
  const { id } = await aUser(server, { email, tenant, ...password, isVerified: n % 3 === 0 });
  if (n % 8 === 1) await env.DB.prepare("UPDATE users SET suspended_ms = 1 WHERE user_id = ?").bind(id).run();
  if (n % 8 === 2)
    await env.DB.prepare("UPDATE users SET tfa_status = 'enabled', tfa_secret = 'x' WHERE user_id = ?")
      .bind(id)
      .run();
  return email;
}

describe("whether an address is somebody's", () => {
  it.each(ASKS)(
    "is told by nothing about %s: answers and work are the same, many times over",
    async (_, ask) => {
      await env.DB.prepare("DELETE FROM users").run();
      const traces = new Map<string, string[]>();
      const reads: Record<"known" | "unknown", number[]> = { known: [], unknown: [] };
      for (let n = 0; n < ROUNDS; n++) {
        const known = await someone(n);
        for (const [kind, email] of [
          ["known", known],
          ["unknown", `nobody${n}@example.com`],
        ] as const) {
          const { trace, read } = await traceOf(() => ask(email, 2 * n + Number(kind === "known")));
          traces.set(trace, [...(traces.get(trace) ?? []), email]);
          reads[kind].push(read);
        }
      }
      expect([...traces.keys()]).toHaveLength(1);
      // A row that is found is read, by the same statement: there is nothing else in it.
      const most = (kind: "known" | "unknown") => Math.max(...reads[kind]);
      expect(most("known") - most("unknown")).toBeLessThanOrEqual(4);
    },
  );

  it("is told by nothing about passkeys: they are asked for without an address, and one that is nobody's costs the same", async () => {
    const options = await server.call("POST", `${BASE}/auth/passkey/options`, {
      json: { email: "ada@example.com" },
    });
    expect(options.json()).toMatchObject({ allowCredentials: [] });
    const device = new Authenticator("https://edgemend.test");
    const stranger = device.get(options.json<{ challenge: string }>());
    const { trace } = await traceOf(() => post("/auth/passkey/login", { credential: stranger }, 1));
    const other = new Authenticator("https://edgemend.test").get(options.json<{ challenge: string }>());
    const again = await traceOf(() => post("/auth/passkey/login", { credential: other }, 2));
    expect(again.trace).toBe(trace);
  });
});
