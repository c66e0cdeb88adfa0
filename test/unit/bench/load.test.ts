import { createServer, type Server, type Socket } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { AnswerReader, headerOf } from "../../../bench/load/answer.ts";
import { Connection } from "../../../bench/load/connection.ts";
import { costIn } from "../../../bench/load/cost.ts";
import { closedLoop, openLoop } from "../../../bench/load/loops.ts";
import { Tally } from "../../../bench/load/tally.ts";
import type { Workload } from "../../../bench/workloads/workload.ts";

const COST = 'Server-Timing: d1;desc="trips=1 statements=3 read=7 written=2 objects=4"';
const OK = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${COST}\r\n\r\nOK`;

const EXAMPLES = [
  { bytes: OK, status: 200, body: "OK" },
  { bytes: `HTTP/1.1 204 No Content\r\n${COST}\r\n\r\n`, status: 204, body: "" },
  { bytes: "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", status: 401, body: "" },
  {
    bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n",
    status: 200,
    body: "abc0123456789",
  },
];

describe("reading answers", () => {
  it("gives the same answers however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.constantFrom(...EXAMPLES), fc.array(fc.nat(200)), ({ bytes, status, body }, cuts) => {
        const reader = new AnswerReader();
        const ends = [...new Set(cuts.filter((cut) => cut < bytes.length))].sort((a, b) => a - b);
        const pieces = [...ends, bytes.length].map((end, i) => bytes.slice(ends[i - 1] ?? 0, end));
        const answers = pieces.map((piece) => reader.push(piece));
        expect(answers.slice(0, -1).every((answer) => answer === undefined)).toBe(true);
        expect(answers.at(-1)).toMatchObject({ status, body });
      }),
    );
  });

  it("finds headers by name in any case", () => {
    const answer = { status: 200, head: "HTTP/1.1 200 OK\r\nX-MEN-RequestID: 7", body: "" };
    expect(headerOf(answer, "x-men-requestid")).toBe("7");
    expect(headerOf(answer, "x-men")).toBeUndefined();
  });

  it("reads what an answer cost, and refuses to count what does not tell", () => {
    expect(costIn(OK)).toEqual({
      roundTrips: 1,
      statements: 3,
      rowsRead: 7,
      rowsWritten: 2,
      objectCalls: 4,
    });
    const tally = new Tally({ allowed: [200, 429], turn: () => undefined });
    const step = { bytes: "", problem: () => undefined };
    const untold = (status: number) => tally.answer(step, { status, head: "HTTP/1.1", body: "" });
    expect(() => untold(200)).toThrow("does not tell");
    expect(untold(429).roundTrips).toBe(0);
  });
});

describe("counting", () => {
  const workload: Workload = { allowed: [200], turn: () => undefined };
  const step = { bytes: "", problem: () => "wrong" };

  it("takes an answer with another status for a fault, and checks one in a hundred at least", () => {
    const tally = new Tally(workload);
    tally.answer({ bytes: "", problem: () => undefined }, { status: 503, head: COST, body: "no" });
    for (let i = 0; i < 2000; i++)
      tally.answer({ bytes: "", problem: () => undefined }, { status: 200, head: COST, body: "" });
    const { faults, problems, statuses, answers, checked } = tally.summary(1, 0);
    expect({ faults, problems, statuses }).toEqual({
      faults: 1,
      problems: ["503 no"],
      statuses: { 200: 2000, 503: 1 },
    });
    expect(checked).toBeGreaterThan(answers / 100);
  });

  it("tells what a check found", () => {
    const tally = new Tally(workload);
    tally.answer(step, { status: 200, head: COST, body: "" });
    expect(tally.summary(1, 0)).toMatchObject({ faults: 1, problems: ["wrong"] });
  });

  it("sums the costs of a turn, and tells the middle one, the mean and the dearest", () => {
    const tally = new Tally(workload);
    const fine = { bytes: "", problem: () => undefined };
    for (const trips of [0, 0, 9]) {
      const head = COST.replace("trips=1", `trips=${trips}`);
      tally.turn(tally.answer(fine, { status: 200, head, body: "" }));
    }
    const { typicalCost, meanCost, mostCost } = tally.summary(1, 0);
    expect([typicalCost.roundTrips, meanCost.roundTrips, mostCost.roundTrips]).toEqual([0, 3, 9]);
  });
});

describe("load", () => {
  let server: Server | undefined;
  const open: Connection[] = [];
  const sockets: Socket[] = [];

  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
    server?.close();
  });

  /** Answers each request after so many milliseconds or never, and says what it was sent. */
  async function connected(
    delayMs: number | "never",
    count = 1,
  ): Promise<{ connections: Connection[]; got: string[] }> {
    const got: string[] = [];
    server = createServer((socket) => {
      sockets.push(socket);
      socket.setEncoding("latin1").on("data", (bytes: string) => {
        got.push(bytes);
        if (delayMs === "never") socket.destroy();
        else setTimeout(() => socket.write(OK), delayMs);
      });
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server?.once("listening", resolve));
    const { port } = server.address() as { port: number };
    for (let i = 0; i < count; i++) open.push(await Connection.open(port));
    return { connections: open, got };
  }

  it("opens a connection again that the server closed for being idle", async () => {
    const { connections } = await connected(0);
    for (const socket of sockets.splice(0)) socket.destroy();
    const one: Workload = { allowed: [200], turn: () => ({ bytes: "x", problem: () => undefined }) };
    const summary = await closedLoop(connections, one, numbers(), { ms: 5000, turns: 2 });
    expect(summary).toMatchObject({ turns: 2, faults: 0 });
  });

  it("tells of a server that answers with nothing but a closed connection", async () => {
    const { connections } = await connected("never");
    const [connection] = connections;
    const lost = new Promise<Error>((resolve) => {
      if (connection) connection.onLost = resolve;
    });
    connection?.send("x", () => {});
    expect((await lost).message).toBe("the server closed a connection");
  });

  const numbers = () => {
    let next = 0;
    return () => next++;
  };

  const twoSteps: Workload = {
    allowed: [200],
    turn: (number) => ({
      bytes: `first of ${number}`,
      problem: () => undefined,
      then: () => ({ bytes: `second of ${number}`, problem: () => undefined }),
    }),
  };

  it("does whole turns in their order, as many as asked for", async () => {
    const { connections, got } = await connected(0);
    const summary = await closedLoop(connections, twoSteps, numbers(), { ms: 5000, turns: 2 });
    expect(got).toEqual(["first of 0", "second of 0", "first of 1", "second of 1"]);
    expect(summary).toMatchObject({ turns: 2, unfinished: 0, answers: 4, faults: 0 });
    expect(summary.meanCost.roundTrips).toBe(2);
  });

  it("counts latency from the moment a request was due, so that a slow server cannot hide", async () => {
    const { connections } = await connected(20);
    const one: Workload = { allowed: [200], turn: () => ({ bytes: "x", problem: () => undefined }) };
    // Ten in a tenth of a second, which one connection answers in a fifth: the last waits for those before it.
    const summary = await openLoop(connections, one, numbers(), { turnsPerSecond: 100, ms: 100 });
    expect(summary.answers).toBe(10);
    expect(summary.p99Ms).toBeGreaterThan(100);
  });

  it("waits as long as a step says, and holds no connection meanwhile", async () => {
    const { connections, got } = await connected(0);
    const patient: Workload = {
      allowed: [200],
      turn: (number) => ({
        bytes: `first of ${number}`,
        problem: () => undefined,
        then: () => ({ bytes: `second of ${number}`, problem: () => undefined, waitMs: 50 }),
      }),
    };
    const summary = await openLoop(connections, patient, numbers(), { turnsPerSecond: 200, ms: 10 });
    expect(got).toEqual(["first of 0", "first of 1", "second of 0", "second of 1"]);
    expect(summary).toMatchObject({ turns: 2, unfinished: 0 });
  });

  it("tells of a device that is answered what cannot be, and goes on", async () => {
    const { connections } = await connected(0);
    const confused: Workload = {
      allowed: [200],
      turn: () => ({
        bytes: "x",
        problem: () => undefined,
        then: () => {
          throw new Error("no deployment");
        },
      }),
    };
    const summary = await closedLoop(connections, confused, numbers(), { ms: 5000, turns: 2 });
    expect(summary).toMatchObject({ turns: 2, faults: 2, problems: ["no deployment", "no deployment"] });
  });
});
