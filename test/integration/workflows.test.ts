import { createExecutionContext, createMessageBatch } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HANDLERS } from "../../src/app/event-handlers.ts";
import { settingsOf } from "../../src/platform/env.ts";
import type { EventMessage } from "../../src/platform/outbox.ts";
import { drainOutbox } from "../../src/platform/send-events.ts";
import { forgetOldJobs } from "../../src/workflows/jobs.ts";
import { queue } from "../../workers/queue.ts";
import { aDevice, aTenant, aUser } from "../support/actors.ts";
import { refusal, rowsOf } from "../support/answers.ts";
import { inInventory } from "../support/deployments.ts";
import { afterStart, asDatabases, env, served, Server, tenantsIn } from "../support/server.ts";
import { asOperator, jobOf, JOBS, notify, register, start, WORKFLOW } from "../support/workflows.ts";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

interface Sent {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: unknown;
}

/** The web, as far as workflows see it. Each answer serves one request; the last serves all that follow. */
function theWeb(...answers: (() => Response)[]): Sent[] {
  const sent: Sent[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    sent.push({ url, method: init.method ?? "GET", headers, body: init.body });
    const answer = answers[Math.min(sent.length, answers.length) - 1];
    return answer ? answer() : new Response("{}");
  });
  return sent;
}

const gone = (): Response => {
  throw new TypeError("connection refused");
};

/** Sends what is due now, as the sweep does, and hands it to the consumer. */
async function sweep(bindings = served): Promise<number> {
  const sent: EventMessage[] = [];
  const deps = { ...(await server.deps()) };
  deps.jobs = {
    sendBatch: async (batch: Iterable<{ body: EventMessage }>) => {
      for (const { body } of batch) sent.push(body);
    },
  } as unknown as typeof deps.jobs;
  // What a request has sent already waits in the held queue: it comes now as well.
  await env.DB.prepare("UPDATE outbox SET due_ms = created_ms WHERE attempts = 1").run();
  await drainOutbox(deps, tenantsIn(deps));
  for (const event of sent) await deliver(event, { bindings });
  return sent.length;
}

async function deliver(
  event: EventMessage,
  { name = "edgemend-jobs", bindings = served } = {},
): Promise<number> {
  const message = { id: event.id, timestamp: new Date(server.now), attempts: 1, body: event };
  const batch = createMessageBatch(name, [message]);
  let retried = 0;
  const watched = {
    queue: batch.queue,
    messages: batch.messages.map((m) => ({
      ...m,
      id: m.id,
      body: m.body,
      attempts: m.attempts,
      ack: () => {},
      retry: () => {
        retried++;
      },
    })),
  } as unknown as MessageBatch<unknown>;
  await queue(watched, bindings, createExecutionContext(), { now: () => server.now });
  return retried;
}

describe("Mender's interface of the engine", () => {
  it("answers status and health", async () => {
    expect((await asOperator(server, "GET", "/status")).json()).toEqual({ status: "ok" });
    expect((await asOperator(server, "GET", "/api/v1/health")).status).toBe(204);
  });

  it("lists the workflows of the original under their names", async () => {
    const answer = await asOperator(server, "GET", "/api/v1/metadata/workflows");
    expect(answer.json<{ name: string }[]>().map(({ name }) => name)).toEqual([
      "decommission_device",
      "deploy_device_configuration",
      "generate_artifact",
      "provision_device",
      "provision_external_device",
      "reindex_inventory",
      "update_device_inventory",
      "update_device_status",
    ]);
  });

  it("registers higher versions only", async () => {
    expect((await register(server, notify())).status).toBe(201);
    expect(refusal(await register(server, notify()))).toEqual([409, "Workflow already exists"]);
    expect((await register(server, notify({ version: 2 }))).status).toBe(201);
    expect(refusal(await register(server, notify({ version: 1 })))).toEqual([409, "Workflow already exists"]);
    expect(refusal(await register(server, notify({ name: "provision_device" })))).toEqual([
      409,
      "Workflow already exists",
    ]);
    const names = (await asOperator(server, "GET", "/api/v1/metadata/workflows")).json<
      { name: string; version: number }[]
    >();
    expect(names.filter(({ name }) => name === "notify").map(({ version }) => version)).toEqual([2]);
  });

  it.each<[string, unknown, RegExp]>([
    ["no object", 3, /^Bad request$/],
    ["no name", { version: 1 }, /^Workflow missing name$/],
    [
      "an unknown type of task",
      { name: "x", tasks: [{ name: "t", type: "cli", cli: { command: ["ls"] } }] },
      /^Error parsing JSON form: /,
    ],
    [
      "a task for a queue",
      { name: "x", tasks: [{ name: "t", type: "nats", nats: { stream_name: "s", subject: "t", data: {} } }] },
      /^Error parsing JSON form: /,
    ],
    [
      "too many retries",
      { name: "x", tasks: [{ name: "t", type: "call", retries: 256, call: { function: "f" } }] },
      /^Error parsing JSON form: /,
    ],
  ])("refuses a definition with %s [differs: task-types]", async (_, definition, text) => {
    const answer = await asOperator(server, "POST", "/api/v1/metadata/workflows", definition);
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringMatching(text)]);
  });

  it("starts a job that can be read by its id at once [differs: job-at-once]", async () => {
    await register(server, notify());
    const id = await start(server, "notify", { who: "me", request_id: "r1" });
    expect(id).toMatch(/^[0-9a-f]{24}$/);
    const expected = {
      id,
      workflowName: "notify",
      status: "pending",
      results: null,
      version: "1",
      inputParameters: [
        { name: "who", value: "me" },
        { name: "request_id", value: "r1" },
      ],
      insert_time: afterStart(),
    };
    for (const path of [`/api/v1/jobs/${id}`, `${WORKFLOW}/notify/${id}`, `${JOBS}/${id}`])
      expect((await asOperator(server, "GET", path)).json()).toEqual(expected);
  });

  it.each<[string, string, unknown, Record<string, string>, number, string]>([
    ["an unknown workflow", "none", {}, {}, 404, "Workflow not found"],
    [
      "missing parameters",
      "provision_device",
      { device_id: "d", status: "s" },
      {},
      400,
      "Missing input parameters: [request_id tenant_id device]",
    ],
    [
      "a version that is not there",
      "reindex_inventory",
      {},
      { "X-Workflows-Min-Version": "9" },
      404,
      "Workflow not found",
    ],
  ])("refuses to start %s", async (_, name, json, headers, status, error) => {
    const answer = await server.call("POST", `${WORKFLOW}/${name}`, {
      token: env.OPERATOR_TOKEN,
      json,
      headers,
    });
    expect([answer.status, answer.json().error]).toEqual([status, error]);
  });

  it("refuses parameters that are no object", async () => {
    const answer = await server.call("POST", `${WORKFLOW}/notify`, { token: env.OPERATOR_TOKEN, body: "{" });
    expect([answer.status, answer.json().error]).toEqual([
      400,
      expect.stringMatching(/^Unable to parse the input parameters: /),
    ]);
  });

  it("starts a batch, all or none [differs: whole-batch]", async () => {
    await register(server, notify());
    const batch = (body: unknown) => asOperator(server, "POST", `${WORKFLOW}/notify/batch`, body);
    const started = await batch([{ who: "a" }, { who: "b" }]);
    expect(started.json()).toEqual([
      { id: expect.any(String), name: "notify" },
      { id: expect.any(String), name: "notify" },
    ]);
    expect((await batch([{ who: "a" }, {}])).status).toBe(400);
    expect((await batch({})).status).toBe(400);
    expect((await asOperator(server, "GET", JOBS)).json<unknown[]>()).toHaveLength(2);
  });

  it("answers 404 for a job that is not there", async () => {
    const answer = await asOperator(server, "GET", "/api/v1/jobs/000");
    expect([answer.status, answer.json().error]).toEqual([404, "not found"]);
  });
});

describe("a task that does not say what to do", () => {
  it.each(["http", "smtp"])("is registered as %s, and its job fails for that", async (type) => {
    const tasks = [{ name: "vague", type }];
    const answer = await asOperator(server, "POST", "/api/v1/metadata/workflows", { name: "vague", tasks });
    expect(answer.status).toBe(201);
    const id = await start(server, "vague", {});
    await server.deliverEvents();
    expect((await jobOf(server, id)).status).toBe("failed");
  });
});

describe("an http task", () => {
  it("sends what the definition says and keeps the answer for later tasks", async () => {
    const sent = theWeb(
      () => Response.json({ list: [{ id: 7 }] }),
      () => new Response(null, { status: 204 }),
    );
    const second = {
      name: "second",
      type: "http",
      http: { uri: "https://hooks.example.com/", method: "PUT", body: "got ${tell.json.list.[0].id}" },
    };
    await register(server, notify({ tasks: [...notify().tasks, second] }));
    const id = await start(server, "notify", { who: "a b" });
    await server.deliverEvents();
    expect(sent[0]).toMatchObject({ url: "https://hooks.example.com/a+b", method: "POST" });
    expect(JSON.parse(String(sent[0]!.body))).toEqual({ who: "a b", fixed: "a a b b" });
    expect(sent[0]!.headers).toMatchObject({
      authorization: "Bearer abc-secret",
      "content-type": "application/json",
    });
    expect(sent[1]).toMatchObject({ method: "PUT", body: "got 7" });
    expect(sent[0]!.headers["idempotency-key"]).not.toBe(sent[1]!.headers["idempotency-key"]);
    expect((await jobOf(server, id)).status).toBe("done");
  });

  it("never expands a value of the input [differs: json-not-expanded]", async () => {
    const sent = theWeb();
    await register(server, notify());
    await start(server, "notify", { who: "${env.KEY}${workflow.input.who}" });
    await server.deliverEvents();
    expect(JSON.parse(String(sent[0]!.body)).who).toBe("${env.KEY}${workflow.input.who}");
  });

  it("tries again after lost connections and bad answers, later every time [differs: task-retries]", async () => {
    const sent = theWeb(
      gone,
      () => new Response("no", { status: 500 }),
      () => new Response("ok"),
    );
    await register(server, notify());
    const id = await start(server, "notify", { who: "me" });
    expect(await sweep()).toBe(1);
    expect([sent.length, (await jobOf(server, id)).failure]).toEqual([1, "tell: no answer"]);
    expect(await sweep()).toBe(0);
    server.advance(4_999);
    expect(await sweep()).toBe(0);
    server.advance(2_501);
    expect(await sweep()).toBe(1);
    server.advance(9_999);
    expect(await sweep()).toBe(0);
    server.advance(5_001);
    expect(await sweep()).toBe(1);
    const job = await jobOf(server, id);
    expect([sent.length, job.status, job.failure]).toEqual([3, "done", undefined]);
    expect(new Set(sent.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
  });

  it("ends as a failed job that says why, and can be retried at the task that failed [differs: job-list]", async () => {
    const sent = theWeb(
      () => Response.json({}),
      () => new Response("bad", { status: 503 }),
    );
    const failing = { name: "second", type: "http", http: { uri: "https://hooks.example.com/2" } };
    await register(server, notify({ tasks: [...notify().tasks, failing] }));
    const id = await start(server, "notify", { who: "me" });
    await server.deliverEvents();
    expect(await jobOf(server, id)).toMatchObject({
      status: "failed",
      failure: "second: answered 503",
      results: [
        { name: "tell", success: true },
        { name: "second", success: false, httpResponse: { statusCode: 503, body: "bad" } },
      ],
    });
    theWeb(() => new Response("fine"));
    expect((await asOperator(server, "POST", `${JOBS}/${id}/retry`)).status).toBe(202);
    expect((await asOperator(server, "POST", `${JOBS}/${id}/retry`)).status).toBe(409);
    await server.deliverEvents();
    expect([(await jobOf(server, id)).status, sent.length]).toEqual(["done", 2]);
  });

  it("knows of the environment only what it was given [differs: workflow-variables]", async () => {
    const sent = theWeb();
    const body = "${env.HOOK_KEY}|${env.OPERATOR_TOKEN}|${env.PUBLIC_ORIGIN}|${env.PATH}";
    await register(server, notify({}, { json: undefined, body }));
    await start(server, "notify", { who: "me" });
    await sweep({ ...served, WORKFLOW_VARIABLES: JSON.stringify({ HOOK_KEY: "k" }) });
    expect(sent.map(({ body }) => body)).toEqual(["k|||"]);
  });

  it("is skipped where something it requires is empty", async () => {
    const sent = theWeb();
    const [task] = notify().tasks;
    await register(server, notify({ tasks: [{ ...task, requires: ["${env.HAVE_IT}"] }] }));
    const id = await start(server, "notify", { who: "me" });
    await server.deliverEvents();
    expect(sent).toEqual([]);
    expect(await jobOf(server, id)).toMatchObject({
      status: "done",
      results: [{ success: true, skipped: true }],
    });
  });

  it.each([
    ["http://hooks.example.com/", "only https addresses are called"],
    ["https://127.0.0.1/", "private addresses are not called"],
    ["https://2130706433/", "private addresses are not called"],
    ["https://[::ffff:10.0.0.1]/", "private addresses are not called"],
    ["https://metadata.internal/", "private addresses are not called"],
    ["ftp://example.com/", "the address is not of the web"],
  ])("does not call %s on a deployed server [differs: workflow-addresses]", async (uri, reason) => {
    const sent = theWeb();
    const deployed = { ...served, LOCAL: "false" };
    await register(server, notify({}, { uri }));
    const id = await start(server, "notify", { who: "me" });
    await sweep(deployed);
    expect([sent, (await jobOf(server, id)).failure]).toEqual([[], `tell: ${reason}`]);
  });

  it("follows a redirect within the host and none to another [differs: workflow-addresses, http-success]", async () => {
    const to = (location: string) => () => new Response(null, { status: 307, headers: { location } });
    const sent = theWeb(to("/elsewhere"), to("https://evil.example.net/"));
    await register(server, notify());
    const id = await start(server, "notify", { who: "me" });
    await sweep();
    expect(sent.map(({ url }) => url)).toEqual([
      "https://hooks.example.com/me",
      "https://hooks.example.com/elsewhere",
    ]);
    expect((await jobOf(server, id)).failure).toBe("tell: answered 307");
  });

  it("is not sent twice by two deliveries at once [differs: repeated-delivery]", async () => {
    const sent = theWeb();
    await register(server, notify());
    const id = await start(server, "notify", { who: "me" });
    const [row] = await rowsOf("SELECT * FROM outbox WHERE kind = 'workflow.step'");
    const event = {
      id: String(row!.id),
      tenant: row!.tenant_id,
      kind: "workflow.step",
      subject: id,
      data: JSON.parse(String(row!.data)),
      atMs: 0,
    } as EventMessage;
    await Promise.all([deliver(event), deliver(event), deliver(event)]);
    expect([sent.length, (await jobOf(server, id)).status]).toEqual([1, "done"]);
    expect(await deliver(event)).toBe(0);
    expect(sent.length).toBe(1);
  });
});

describe("secrets", () => {
  it("are masked in definitions, in the input and in what was sent and received [differs: secrets-masked]", async () => {
    const variables = { ...served, WORKFLOW_VARIABLES: JSON.stringify({ HOOK_KEY: "very-secret-value" }) };
    theWeb(() => Response.json({ token: "reply-token", fine: 1 }));
    await register(
      server,
      notify(
        {},
        {
          body: undefined,
          json: { password: "${workflow.input.password}", key: "${env.HOOK_KEY}" },
          uri: "https://hooks.example.com/?token=abc&x=1",
        },
      ),
    );
    const id = await start(server, "notify", {
      who: "me",
      password: "pw1234",
      token: "t",
      nested: { api_key: "k", ok: 1 },
    });
    await sweep(variables);
    const definitions = (await asOperator(server, "GET", "/api/v1/metadata/workflows")).text;
    const job = (await asOperator(server, "GET", `/api/v1/jobs/${id}`)).text;
    for (const secret of ["abc-secret", "very-secret-value", "pw1234", "reply-token", '"k"', "token=abc"])
      expect([secret, definitions.includes(secret), job.includes(secret)]).toEqual([secret, false, false]);
    expect(JSON.parse(job)).toMatchObject({
      status: "done",
      inputParameters: [
        { value: "me" },
        { value: "***" },
        { value: "***" },
        { value: { api_key: "***", ok: 1 } },
      ],
    });
  });
});

it("writes the identity of a device and the time of its last contact, and nothing else [differs: workflow-inventory]", async () => {
  const [device, user] = [await aDevice(server), await aUser(server)];
  await inInventory(server, [device]);
  const contact = afterStart(60_000);
  const merge = async (scope: string, name: string, value: string) => {
    const input = { request_id: "r", tenant_id: "default", device_id: device.id };
    const attributes = JSON.stringify([{ name, value }]);
    await start(server, "update_device_inventory", { ...input, scope, attributes });
  };
  await merge("identity", "mac", "00:11");
  await merge("system", "check_in_time", contact);
  await merge("system", "group", "kitchen");
  await merge("inventory", "kernel", "6.1");
  await server.deliverEvents();
  const shown = await server.call("GET", `/api/management/v1/inventory/devices/${device.id}`, user);
  const told = shown.json<{ attributes: { scope: string; name: string; value: unknown }[] }>().attributes;
  const value = (of: string, named: string) =>
    told.find(({ scope, name }) => scope === of && name === named)?.value;
  expect([value("identity", "mac"), value("system", "check_in_time")]).toEqual(["00:11", contact]);
  expect([value("system", "group"), value("inventory", "kernel")]).toEqual([undefined, undefined]);
  const jobs = (await asOperator(server, "GET", JOBS)).json<{ failure: string }[]>();
  expect(jobs.map(({ failure }) => failure)).toEqual([
    "inventory.merge_attributes: scope: must be identity or system.",
  ]);
});

describe("a mail task", () => {
  const mail = {
    name: "mail",
    version: 1,
    tasks: [
      {
        name: "send",
        type: "smtp",
        smtp: {
          from: "a@example.com",
          to: ["b@example.com, c@example.com"],
          subject: "for ${workflow.input.who}",
          body: "text",
          html: "<b>${encoding=html;workflow.input.who}</b>",
        },
      },
    ],
  };

  it("fails visibly where the deployment cannot send mail", async () => {
    await register(server, mail);
    const id = await start(server, "mail", { who: "<me>" });
    await sweep();
    expect(await jobOf(server, id)).toMatchObject({
      status: "failed",
      failure: "send: this deployment has neither SMTP_URL nor an EMAIL binding to send mail by",
    });
  });

  it("is sent by the binding", async () => {
    const mails: unknown[] = [];
    const EMAIL = { send: async (m: unknown) => void mails.push(m) } as unknown as SendEmail;
    await register(server, mail);
    const id = await start(server, "mail", { who: "<me>" });
    await sweep({ ...served, EMAIL });
    expect(mails).toEqual([
      {
        from: "a@example.com",
        to: ["b@example.com", "c@example.com"],
        subject: "for <me>",
        text: "text",
        html: "<b>&lt;me&gt;</b>",
      },
    ]);
    expect((await jobOf(server, id)).status).toBe("done");
  });
});

describe("jobs", () => {
  it("can be listed by status, workflow and tenant, page by page [differs: job-list]", async () => {
    theWeb();
    await register(server, notify());
    const first = await start(server, "notify", { who: "1" });
    await aTenant(server, "other");
    const second = await start(server, "notify", { who: "2", tenant_id: "other" });
    await start(server, "reindex_inventory", {
      request_id: "r",
      tenant_id: "other",
      device_id: "d",
      service: "s",
    });
    const ids = async (query: string) =>
      (await asOperator(server, "GET", `${JOBS}?${query}`)).json<{ id: string }[]>().map(({ id }) => id);
    expect(await ids("workflow=notify")).toEqual([second, first]);
    expect(await ids("workflow=notify&tenant=other&status=pending")).toEqual([second]);
    expect(await ids("status=done")).toEqual([]);
    const page = await asOperator(server, "GET", `${JOBS}?workflow=notify&per_page=1`);
    expect([page.json<unknown[]>().length, page.headers.get("link")]).toEqual([
      1,
      expect.stringContaining('rel="next"'),
    ]);
    expect((await asOperator(server, "GET", `${JOBS}?status=odd`)).status).toBe(400);
  });

  it("can be cancelled until they end [differs: job-list]", async () => {
    const sent = theWeb();
    await register(server, notify());
    const id = await start(server, "notify", { who: "me" });
    expect((await asOperator(server, "POST", `${JOBS}/${id}/cancel`)).json()).toMatchObject({
      status: "cancelled",
    });
    await server.deliverEvents();
    expect(sent).toEqual([]);
    expect(refusal(await asOperator(server, "POST", `${JOBS}/${id}/cancel`))).toEqual([
      409,
      "the job has ended",
    ]);
    expect((await asOperator(server, "POST", `${JOBS}/none/cancel`)).status).toBe(404);
    const audit = await rowsOf(`SELECT action, actor_type FROM audit_log WHERE object_id = '${id}'`);
    expect(audit).toEqual([{ action: "cancel", actor_type: "operator" }]);
  });

  it("leave no record of an ephemeral success and one of a failure [differs: ephemeral-failed]", async () => {
    await start(server, "update_device_status", {
      request_id: "r",
      devices: [{ id: "d", revision: 3 }],
      device_status: "accepted",
      tenant_id: "",
    });
    await start(server, "update_device_status", {
      request_id: "r",
      devices: "none",
      device_status: "accepted",
      tenant_id: "",
    });
    await server.deliverEvents();
    const jobs = (await asOperator(server, "GET", JOBS)).json<{ status: string; failure: string }[]>();
    expect(jobs).toMatchObject([
      { status: "failed", failure: expect.stringMatching(/^inventory.set_status: devices: /) },
    ]);
  });

  it("go after a while once they ended", async () => {
    theWeb();
    await register(server, notify());
    await start(server, "notify", { who: "done" });
    await server.deliverEvents();
    const open = await start(server, "notify", { who: "open" });
    server.advance(31 * 86_400_000);
    await forgetOldJobs(await server.deps());
    const left = (await asOperator(server, "GET", JOBS)).json<{ id: string }[]>();
    expect(left.map(({ id }) => id)).toEqual([open]);
    expect(await rowsOf("SELECT * FROM job_results")).toEqual([]);
  });
});

describe("a dead letter", () => {
  const dead = (event: EventMessage) => deliver(event, { name: "edgemend-jobs-dead" });
  const eventIn = async (kind: string): Promise<EventMessage> => {
    const [row] = await rowsOf(`SELECT * FROM outbox WHERE kind = '${kind}'`);
    return {
      id: String(row!.id),
      tenant: row!.tenant_id,
      kind,
      subject: row!.subject,
      data: JSON.parse(String(row!.data)),
      atMs: 0,
    } as EventMessage;
  };

  it("of a step ends in a failed job that can be retried", async () => {
    const sent = theWeb();
    await register(server, notify());
    const id = await start(server, "notify", { who: "me" });
    await dead(await eventIn("workflow.step"));
    expect(await jobOf(server, id)).toMatchObject({
      status: "failed",
      failure: expect.stringMatching(/^given up/),
    });
    expect(await rowsOf("SELECT * FROM outbox")).toEqual([]);
    await asOperator(server, "POST", `${JOBS}/${id}/retry`);
    await server.deliverEvents();
    expect([(await jobOf(server, id)).status, sent.length]).toEqual(["done", 1]);
  });

  it("of any other event becomes one failed job; retried, the event is sent again", async () => {
    const device = await aDevice(server);
    const user = await aUser(server);
    await server.call("DELETE", `/api/management/v2/devauth/devices/${device.id}`, { token: user.token });
    const event = await eventIn("device.decommissioned");
    await dead(event);
    await dead(event);
    const jobs = (await asOperator(server, "GET", JOBS)).json<{ id: string }[]>();
    expect(jobs).toMatchObject([
      { workflow: "event:device.decommissioned", subject: device.id, status: "failed" },
    ]);
    expect(await rowsOf("SELECT * FROM outbox WHERE kind = 'device.decommissioned'")).toEqual([]);
    await asOperator(server, "POST", `${JOBS}/${jobs[0]!.id}/retry`);
    expect((await eventIn("device.decommissioned")).data).toEqual(event.data);
    expect((await asOperator(server, "GET", JOBS)).json()).toEqual([]);
  });

  it("is retried by the queue itself while the consumer fails", async () => {
    const broken = {
      ...served,
      ...asDatabases({
        prepare: () => {
          throw new Error("down");
        },
      } as unknown as D1Database),
    };
    const event: EventMessage = {
      id: "0".repeat(32),
      tenant: "default" as EventMessage["tenant"],
      kind: "workflow.step",
      subject: "x",
      data: {},
      atMs: 0,
    };
    expect(await deliver(event, { bindings: broken })).toBe(1);
  });
});

describe("settings", () => {
  it("are refused where they do not parse", () => {
    expect(() => settingsOf({ ...served, WORKFLOW_VARIABLES: "no json" })).toThrow();
    expect(() => settingsOf({ ...served, WORKFLOW_VARIABLES: '{"A":1}' })).toThrow();
    expect(() => settingsOf({ ...served, WORKFLOW_HTTP_TIMEOUT_S: "0" })).toThrow();
    expect(() => settingsOf({ ...served, MAX_GENERATE_BYTES: "many" })).toThrow();
    expect(settingsOf({ ...served, WORKFLOW_VARIABLES: '{"A":"b"}' }).WORKFLOW_VARIABLES).toEqual({ A: "b" });
  });

  it("leave no event of the engine without a follower", () => {
    expect(HANDLERS["workflow.step"]).toHaveLength(1);
  });
});
