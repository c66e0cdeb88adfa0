import { describe, expect, it } from "vitest";
import { isWrite } from "../../../src/platform/statement.ts";
import { FIRST_HOME, Homes, homesOf, REMEMBERED, REMEMBERED_MS } from "../../../src/platform/homes.ts";
import type { Env } from "../../../src/platform/env.ts";
import { asTenantId } from "../../../src/platform/ids.ts";

const database = (name: string) => ({ name, prepare: () => {} }) as unknown as D1Database;
const tenant = asTenantId("acme");
const there = { home: "DATA_2", isMoving: false };

describe("the databases of an installation", () => {
  it("are the directory and the bindings whose names begin with DATA_, in their order", () => {
    const env = {
      DB: database("a"),
      DATA_B: database("b"),
      DATA_A: database("c"),
      DATABASE: database("d"),
      DATA_TEXT: "e",
    };
    const homes = homesOf(env as unknown as Env);
    expect([...homes.databases.keys()]).toEqual([FIRST_HOME, "DATA_A", "DATA_B"]);
    expect(homes.isSpread).toBe(true);
    expect(homesOf(env as unknown as Env)).toBe(homes);
  });

  it("are one where no further one is bound", () => {
    expect(homesOf({ DB: database("a") } as unknown as Env).isSpread).toBe(false);
  });
});

describe("what is remembered of who lives where", () => {
  it("is relied upon for a while, and known for longer", () => {
    const homes = new Homes(new Map());
    expect(homes.known(tenant, 0)).toBeUndefined();
    homes.learn(tenant, there, 1000);
    expect(homes.known(tenant, 999 + REMEMBERED_MS)).toMatchObject({ ...there, isFresh: true });
    expect(homes.known(tenant, 1000 + REMEMBERED_MS)).toMatchObject({ ...there, isFresh: false });
    homes.forget(tenant);
    expect(homes.known(tenant, 1000)).toBeUndefined();
  });

  it("does not grow without end", () => {
    const homes = new Homes(new Map());
    for (let i = 0; i <= REMEMBERED; i++) homes.learn(asTenantId(`t${i}`), there, 0);
    expect(homes.known(asTenantId("t0"), 0)).toBeUndefined();
    expect(homes.known(asTenantId(`t${REMEMBERED}`), 0)).toMatchObject(there);
    for (let i = 0; i <= REMEMBERED; i++) homes.learnToken(`token ${i}`, tenant);
    expect(homes.tenantOf("token 0")).toBeUndefined();
    expect(homes.tenantOf(`token ${REMEMBERED}`)).toBe(tenant);
  });
});

describe("whether a statement writes", () => {
  it.each([
    ["INSERT INTO a VALUES (1)", true],
    ["\n  UPDATE a SET b = 1", true],
    ["DELETE FROM a", true],
    ["REPLACE INTO a VALUES (1)", true],
    ["WITH x AS (SELECT 1) INSERT INTO a SELECT * FROM x", true],
    ["WITH x AS (SELECT 1) SELECT * FROM x", false],
    ["SELECT 'UPDATE a'", false],
    ["  SELECT 1", false],
  ])("%s: %s", (sql, writes) => {
    expect(isWrite({ sql })).toBe(writes);
  });
});
