import { reset } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { LONG_WAY, sessionOf, shortWay, type Bindings } from "../support/quick-database.ts";

const { DB, TEST_DATABASE } = bindings as unknown as Bindings;

const SHORT_WAY = shortWay(TEST_DATABASE, "compared");

beforeEach(reset);

const reasonOf = (cause: unknown): unknown =>
  cause instanceof Error ? { message: cause.message, cause: reasonOf(cause.cause) } : cause;

const OF_THE_MACHINE = [
  "duration",
  "served_by",
  "served_by_primary",
  "total_attempts",
  "timings",
  "size_after",
];

/** Without what depends on the machine, and the last row where none was written. */
const told = (answer: unknown) =>
  JSON.stringify(answer, (name, value: unknown) => {
    if (OF_THE_MACHINE.includes(name)) return undefined;
    const isIdle = typeof value === "object" && value !== null && "changes" in value && value.changes === 0;
    return isIdle ? { ...value, last_row_id: undefined } : value;
  });

/** What each way answers, one after the other. */
async function both(work: (database: D1Database) => Promise<unknown>): Promise<[string, string]> {
  const session = sessionOf(DB);
  const usual = session._send;
  const ask = async (way: typeof usual) => {
    session._send = way;
    return told(await (async () => work(DB))().catch(reasonOf));
  };
  try {
    return [await ask(SHORT_WAY), await ask(LONG_WAY)];
  } finally {
    session._send = usual;
  }
}

const expectSame = async (work: (database: D1Database) => Promise<unknown>) => {
  const [short, long] = await both(work);
  expect(short).toBe(long);
  return short;
};

const VALUES: readonly (readonly [string, unknown])[] = [
  ["a text", "täxt 🚀"],
  ["an empty text", ""],
  ["half of a character", "lone \ud800 half"],
  ["a text with a zero", "a\0b"],
  ["a whole number", 42],
  ["a large number", 2 ** 53],
  ["a fraction", 0.1],
  ["a negative zero", -0],
  ["no number", Number.NaN],
  ["an endless number", Number.POSITIVE_INFINITY],
  ["a truth", true],
  ["nothing", null],
  ["bytes", new Uint8Array([0, 1, 255])],
  ["a buffer", new Uint8Array([1, 2]).buffer],
  ["a list of bytes", [1, 2, 3]],
  ["something missing", undefined],
  ["a date", new Date(0)],
];

describe("the short way to the database answers as the long one", () => {
  it.each(VALUES)("%s", async (_, value) => {
    await expectSame((d1) => d1.prepare("SELECT ?1 AS v, typeof(?1) AS t, hex(?1) AS h").bind(value).all());
  });

  it("each kind of call", async () => {
    const select = "SELECT value AS a, value + 1 AS b FROM json_each('[1,2]') ORDER BY 1";
    await expectSame((d1) => d1.prepare(select).all());
    await expectSame((d1) => d1.prepare(select).run());
    await expectSame((d1) => d1.prepare(select).first());
    await expectSame((d1) => d1.prepare(select).first("b"));
    await expectSame((d1) => d1.prepare(select).first("c"));
    await expectSame((d1) => d1.prepare(select).raw());
    await expectSame((d1) => d1.prepare(select).raw({ columnNames: true }));
    await expectSame((d1) => d1.prepare("SELECT 1 WHERE 0").all());
    await expectSame((d1) => d1.prepare("SELECT 1 AS a, 2 AS a").all());
  });

  it("what was written and read", async () => {
    const told = await expectSame(async (d1) => {
      await d1.exec(
        "CREATE TABLE compared (a INTEGER PRIMARY KEY, b TEXT UNIQUE)\nCREATE INDEX compared_b ON compared (b)",
      );
      const insert = d1.prepare("INSERT INTO compared (b) VALUES (?)");
      const answers: unknown[] = await d1.batch([insert.bind("x"), insert.bind("y"), insert.bind("z")]);
      answers.push(await d1.prepare("UPDATE compared SET b = b || '1' WHERE a > 1").run());
      answers.push(await d1.prepare("SELECT * FROM compared ORDER BY b DESC").all());
      answers.push(await d1.prepare("DELETE FROM compared WHERE a = 9").run());
      answers.push(await d1.batch([insert.bind("q"), insert.bind("x")]).catch(reasonOf));
      answers.push(await d1.prepare("SELECT count(*) AS rows FROM compared").all());
      answers.push(await d1.prepare("DELETE FROM compared").run());
      await d1.exec("DROP TABLE compared");
      return answers;
    });
    expect(told).toContain('"rows":3');
    expect(told).toContain("UNIQUE constraint failed: compared.b");
  });

  it("what was changed beside a text index, which is written where a batch ends", async () => {
    const told = await expectSame(async (d1) => {
      await d1.exec("CREATE VIRTUAL TABLE words USING fts5 (word)\nCREATE TABLE compared (a)");
      const answers: unknown[] = [await d1.prepare("INSERT INTO words (word) VALUES ('x'), ('y')").run()];
      answers.push(await d1.prepare("SELECT count(*) FROM words").all());
      answers.push(await d1.prepare("INSERT INTO compared (a) VALUES (1)").run());
      await d1.exec("DROP TABLE words\nDROP TABLE compared");
      return answers;
    });
    expect(told).toContain('"changes":1');
  });

  it.each([
    "SELEC 1",
    "",
    "  -- nothing\n",
    "SELECT * FROM nowhere",
    "SELECT ?1, ?2",
    "SELECT 1; SELECT 2 AS last",
    "SELECT RAISE(ABORT, 'no')",
    "SELECT json('{')",
    "SELECT abs(-9223372036854775808)",
    "SELECT 9007199254740993 AS large",
    "PRAGMA journal_mode = DELETE",
    "BEGIN",
    "ATTACH ':memory:' AS other",
    `SELECT ${Array.from({ length: 101 }, (_, i) => `?${i + 1}`).join()}`,
    `SELECT '${"x".repeat(100_001)}'`,
  ])("%s", async (text) => {
    await expectSame((d1) => d1.prepare(text).all());
    await expectSame((d1) => d1.exec(text));
  });
});
