import { beforeEach, describe, expect, it } from "vitest";
import { REVOKED, type Digest } from "../../../src/checkin/digest.ts";
import { addTo, hashOf, makeFilter } from "../../../src/checkin/filter.ts";
import { Absent, KnownSetsStorage } from "../../../src/checkin/known-sets.ts";
import { asDeviceId, asTenantId } from "../../../src/platform/ids.ts";

const LIFE = 1000;
const NOW = 1_000_000;

function digestWith(...revoked: string[]): Digest {
  const filter = makeFilter(revoked.length);
  for (const id of revoked) addTo(filter, hashOf(id));
  return {
    generation: 1,
    active: true,
    revokedS: 100,
    parts: new Map([[REVOKED, { version: 1, opensMs: 0, filter }]]),
  };
}

let rows: Map<string, unknown>;
let known: KnownSetsStorage;

beforeEach(() => {
  rows = new Map();
  known = new KnownSetsStorage({
    get: async (key: string) => rows.get(key),
    put: async (key: string, value: unknown) => void rows.set(key, value),
    delete: async (keys: string[]) => keys.forEach((key) => rows.delete(key)),
    list: async ({ prefix = "", startAfter = "", limit = 0 }: DurableObjectListOptions) =>
      new Map(
        [...rows]
          .filter(([key]) => key.startsWith(prefix) && key > startAfter)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .slice(0, limit),
      ),
  } as unknown as DurableObjectStorage);
});

const SET = {
  device: asDeviceId("d"),
  set: "s",
  revokedS: 50,
  subscription: { plan: "enterprise", addons: [], trial: false },
  calls: undefined,
};
const READ = { ...SET, tenantMs: 7 };
const standing = (more: Partial<{ digest: Digest; nowMs: number; tenantMs: number }> = {}) => ({
  digest: digestWith(),
  tenantMs: 7,
  nowMs: NOW,
  lifeMs: LIFE,
  ...more,
});

describe("known sets", () => {
  it("are found with the later of both watermarks", async () => {
    await known.remember("p", READ, standing());
    expect(await known.find("p", standing())).toEqual({ ...SET, revokedS: 100 });
    expect(await known.find("q", standing())).toBeUndefined();
  });

  it.each([
    ["the set was revoked", { digest: digestWith("s") }],
    ["the device was", { digest: digestWith("d") }],
    ["the tenant is suspended", { digest: { ...digestWith(), active: false } }],
    ["the tenant was changed", { tenantMs: 8 }],
    ["half the life of a token has passed", { nowMs: NOW + LIFE / 2 }],
    ["the clock was set back", { nowMs: NOW - 1 }],
    [
      "the revoked are being read",
      {
        digest: {
          ...digestWith(),
          parts: new Map([[REVOKED, { version: 1, opensMs: 0, filter: undefined }]]),
        },
      },
    ],
  ])("are not found once %s", async (_what, more) => {
    await known.remember("p", READ, standing());
    expect(await known.find("p", standing(more))).toBeUndefined();
  });

  it("are not kept as they were before the tenant was changed", async () => {
    await known.remember("p", READ, standing({ tenantMs: 8 }));
    expect(await known.find("p", standing({ tenantMs: 8 }))).toBeUndefined();
  });

  it("go when they are old, a few with each new one", async () => {
    for (let i = 0; i < 6; i++) await known.remember(`p${i}`, READ, standing());
    await known.remember("p", READ, standing({ nowMs: NOW + LIFE }));
    expect([...rows.keys()]).toEqual(["known:p4", "known:p5", "known:p"]);
  });
});

describe("those who are not accepted", () => {
  it("are remembered for five minutes, each of its tenant, and no more than a bound", () => {
    const [absent, tenant] = [new Absent(), asTenantId("t")];
    absent.note(tenant, "p", NOW);
    expect(absent.has(tenant, "p", NOW + 299_999)).toBe(true);
    expect(absent.has(tenant, "p", NOW + 300_000)).toBe(false);
    expect(absent.has(asTenantId("u"), "p", NOW)).toBe(false);
    absent.delete(tenant, "p");
    expect(absent.has(tenant, "p", NOW)).toBe(false);
    absent.note(tenant, "first", NOW);
    for (let i = 0; i < 10_000; i++) absent.note(tenant, `p${i}`, NOW);
    expect(absent.has(tenant, "first", NOW)).toBe(false);
    expect(absent.has(tenant, "p9999", NOW)).toBe(true);
  });
});
