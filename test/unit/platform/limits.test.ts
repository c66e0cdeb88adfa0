import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as limits from "../../../src/platform/limits.ts";

const TABLE = "src/platform/limits.ts";

const textsOf = (folders: string[]) =>
  folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((path) => path.endsWith(".ts") && path !== TABLE)
      .map((path) => readFileSync(path, "utf8")),
  );

const entries = Object.entries(limits).flatMap(([service, entry]) =>
  typeof entry === "object" ? Object.keys(entry).map((name) => `${service}.${name}`) : [],
);

describe("the table of the platform's limits", () => {
  const sources = textsOf(["src", "workers", "durable-objects"]);
  const tests = textsOf(["test"]);

  it.each(entries)("has %s because code bounds something by it, and a test stands at its edge", (entry) => {
    expect(sources.some((text) => text.includes(entry))).toBe(true);
    expect(tests.some((text) => text.includes(`[limit: ${entry}]`))).toBe(true);
  });
});

describe("a text", () => {
  it("is within as many bytes as it has when it is sent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(60), (text, bytes) => {
        expect(limits.isWithin(text, bytes)).toBe(Buffer.byteLength(text) <= bytes);
      }),
    );
  });
});
