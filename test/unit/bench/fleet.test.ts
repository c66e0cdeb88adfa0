import { systemNow } from "../../../src/platform/clock.ts";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { deviceIdOf, planFleet } from "../../../bench/fleet/device.ts";
import { Members, spread } from "../../../bench/fleet/members.ts";
import type { Answer } from "../../../bench/load/answer.ts";
import { workloadOf } from "../../../bench/workloads/catalogue.ts";
import type { Step } from "../../../bench/workloads/workload.ts";
import { readAuthRequest } from "../../../src/deviceauth/auth-request.ts";
import { isSignedBy } from "../../../src/deviceauth/device-key.ts";
import { loadKeys } from "../../../src/platform/keys.ts";
import { verifyToken } from "../../../src/platform/tokens.ts";

function withMembers<T>(devices: number, work: (members: Members, signingKey: string) => T): T {
  const data = mkdtempSync(join(tmpdir(), "edgemend-bench-test-"));
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  writeFileSync(join(data, "signing-key.pem"), pem);
  try {
    return work(new Members(planFleet(devices), data), pem);
  } finally {
    rmSync(data, { recursive: true });
  }
}

const bodyOf = (bytes: string) => bytes.slice(bytes.indexOf("\r\n\r\n") + 4);
const statusesOf = (step: Step) => /"status":"([\w-]+)"/.exec(step.bytes)?.[1];

const answer = (status: number, body = "", head = "X-MEN-RequestID: 1"): Answer => ({
  status,
  head: `HTTP/1.1 ${status} x\r\n${head}`,
  body,
});

/** A value that is there. */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("there is nothing");
  return value;
}

describe("a bench's fleet", () => {
  it("is the same in every run, and no two devices are one", () => {
    expect(deviceIdOf(1)).toBe(deviceIdOf(1));
    expect(new Set(Array.from({ length: 1000 }, (_, i) => deviceIdOf(i))).size).toBe(1000);
  });

  it.each([1000, 10_000, 99_999])(
    "is asked from end to end before any device is asked twice (%i)",
    (count) => {
      expect(new Set(Array.from({ length: count }, (_, turn) => spread(turn, count))).size).toBe(count);
    },
  );

  it("has a deployment for 100,000 others beside the largest fleet, and for the other half beside smaller ones", () => {
    expect(planFleet(100_000)).toMatchObject({ outsiders: 50_000, targets: 100_000 });
    expect(planFleet(1000)).toMatchObject({ outsiders: 500, targets: 500 });
  });

  it("holds tokens that the server takes", async () => {
    const [token, pem] = withMembers(2, (members, key) => [members.token(1), key]);
    const verified = await verifyToken(await loadKeys(pem, undefined), token, systemNow());
    expect(verified).toMatchObject({ ok: true, claims: { sub: deviceIdOf(1), "mender.device": true } });
  });

  it("signs requests for tokens as devices do", () => {
    const { body, signature } = withMembers(1, (members) => members.authRequest(0));
    const bytes = new TextEncoder().encode(body);
    expect(isSignedBy(readAuthRequest(bytes).key, bytes, signature)).toBe(true);
  });
});

describe("workloads", () => {
  it("tell the length of what they send", () =>
    withMembers(3, (members) => {
      for (const name of [
        "idle-check",
        "inventory-unchanged",
        "inventory-changed",
        "authentication",
      ] as const) {
        const { bytes } = present(workloadOf(members, { name }).turn(0));
        const length = Number(/Content-Length: (\d+)/.exec(bytes)?.[1]);
        expect([name, Buffer.byteLength(bodyOf(bytes))]).toEqual([name, length]);
      }
    }));

  it("change one value of the inventory, another one every time", () =>
    withMembers(1, (members) => {
      const report = (name: "inventory-changed" | "inventory-unchanged", turn: number) =>
        JSON.parse(bodyOf(present(workloadOf(members, { name }).turn(turn)).bytes)) as { value: unknown }[];
      const [first, second, same] = [
        report("inventory-changed", 0),
        report("inventory-changed", 1),
        report("inventory-unchanged", 0),
      ];
      const different = (a: { value: unknown }[], b: { value: unknown }[]) =>
        a.filter(({ value }, i) => JSON.stringify(value) !== JSON.stringify(b[i]?.value)).length;
      expect([different(first, second), different(first, same)]).toEqual([1, 1]);
    }));

  it("walk through a whole update in the order of the clients, each device once", () =>
    withMembers(2, (members) => {
      const update = { first: 0, count: 1, from: "a", to: "b" };
      const workload = workloadOf(members, { name: "update", update });
      const first = present(workload.turn(0));
      const steps = [first];
      const instructions = answer(200, JSON.stringify({ id: "d" }));
      for (let step = first.then?.(instructions); step; step = step.then?.(answer(204))) steps.push(step);
      expect(steps.map(statusesOf)).toEqual([
        undefined,
        "downloading",
        "installing",
        "rebooting",
        "success",
        undefined,
        undefined,
      ]);
      expect(workload.turn(1)).toBeUndefined();
      expect(() => present(first.then)(answer(204))).toThrow("no deployment");
    }));

  it("find what is wrong with an answer", () =>
    withMembers(1, (members) => {
      const { problem } = present(workloadOf(members, { name: "idle-check" }).turn(0));
      expect(problem(answer(204))).toBeUndefined();
      expect(problem(answer(200))).toContain("200 in place of 204");
      expect(problem(answer(204, "x"))).toContain("a body");
      expect(problem(answer(204, "", "X: y"))).toContain("X-MEN-RequestID");
    }));

  it("obey a refusal for the time being, and no other", () =>
    withMembers(1, (members) => {
      const first = present(workloadOf(members, { name: "reconnect" }).turn(0));
      const later = answer(429, "", "X-MEN-RequestID: 1\r\nRetry-After: 7");
      expect(first.problem(later)).toBeUndefined();
      expect(first.then?.(later)).toMatchObject({ bytes: first.bytes, waitMs: 7000 });
      expect(first.problem(answer(429))).toBe("429 without Retry-After");
      expect(first.then?.(answer(503))).toBeUndefined();
    }));
});
