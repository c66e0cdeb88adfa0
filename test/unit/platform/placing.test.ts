import { describe, expect, it } from "vitest";
import type { Statement } from "../../../src/platform/database.ts";
import type { Deps } from "../../../src/platform/deps.ts";
import { DATABASE } from "../../../src/platform/limits.ts";
import {
  isNearBindings,
  jurisdictionOf,
  placeTenant,
  usedOf,
  warnOfSizes,
} from "../../../src/platform/placing.ts";

/** Databases of these sizes; one of no size does not answer. */
function installation(sizes: Record<string, number | undefined>, directoryTenants = "on") {
  const warned: string[] = [];
  const places = Object.entries(sizes).map(([name, bytes]) => ({
    name,
    db: {
      one: async (statement: Statement<unknown>) => {
        if (bytes === undefined) throw new Error("away");
        return statement.read({ results: [], success: true, meta: { size_after: bytes } } as never);
      },
    },
  }));
  const deps = {
    databases: () => places,
    homes: { isSpread: places.length > 1 },
    settings: { DIRECTORY_TENANTS: directoryTenants },
    log: {
      error: (event: string, { database }: { database?: string }) => warned.push(`${event} ${database}`),
    },
  } as unknown as Deps;
  return { deps, warned };
}

describe("how full a database is", () => {
  it("is told at seven tenths, and takes no tenants from nine tenths on [limit: DATABASE.bytes]", () => {
    const [seventh, ninth] = [DATABASE.bytes * 0.7, DATABASE.bytes * 0.9];
    expect(usedOf(seventh - 1)).toMatchObject({ isWarned: false, takesTenants: true });
    expect(usedOf(seventh)).toMatchObject({ isWarned: true, takesTenants: true });
    expect(usedOf(ninth - 1)).toMatchObject({ takesTenants: true });
    expect(usedOf(ninth)).toMatchObject({ share: 0.9, isWarned: true, takesTenants: false });
  });

  it("is told for the number of bindings, too [limit: DATABASE.bindings]", () => {
    expect(isNearBindings(DATABASE.bindings * 0.7 - 1)).toBe(false);
    expect(isNearBindings(DATABASE.bindings * 0.7)).toBe(true);
  });

  it("is logged at night", async () => {
    const { deps, warned } = installation({ DB: 1, DATA_2: DATABASE.bytes * 0.8 });
    await warnOfSizes(deps);
    expect(warned).toEqual(["database nearly full DATA_2"]);
  });
});

describe("a new tenant", () => {
  const home = async (sizes: Record<string, number | undefined>, ...rest: [("eu" | "fedramp")?, string?]) =>
    (await placeTenant(installation(sizes, rest[1]).deps, rest[0]))?.home;

  it("needs no place where there is one database", async () => {
    expect(await placeTenant(installation({ DB: DATABASE.bytes }).deps)).toBeUndefined();
  });

  it("goes where there is most room, past those that do not answer and those of a jurisdiction", async () => {
    expect(await home({ DB: 3, DATA_2: 2, DATA_3: undefined, DATA_EU_1: 1 })).toBe("DATA_2");
    expect(await home({ DB: 1, DATA_2: 2 })).toBe("DB");
    expect(await home({ DB: 1, DATA_2: 2 }, undefined, "off")).toBe("DATA_2");
  });

  it("goes to the jurisdiction that is asked for", async () => {
    expect(await home({ DB: 1, DATA_EU_1: 5, DATA_EU_2: 4 }, "eu")).toBe("DATA_EU_2");
    await expect(home({ DB: 1, DATA_EU_1: 5 }, "fedramp")).rejects.toMatchObject({ kind: "bad_request" });
    await expect(home({ DB: 1 }, "eu")).rejects.toMatchObject({ kind: "bad_request" });
  });

  it("waits while all are full", async () => {
    const full = DATABASE.bytes * 0.9;
    await expect(home({ DB: full, DATA_2: full })).rejects.toMatchObject({ kind: "unavailable" });
  });

  it.each([
    ["DATA_EU_1", "eu"],
    ["DATA_FEDRAMP_X", "fedramp"],
    ["DATA_EUROPE", undefined],
    ["DB", undefined],
  ])("the binding %s is of the jurisdiction %s", (name, jurisdiction) => {
    expect(jurisdictionOf(name)).toBe(jurisdiction);
  });
});
