import { beforeAll, describe, expect, it } from "vitest";
import type { Statement } from "../../src/platform/database.ts";
import { DEFAULT_TENANT } from "../../src/platform/ids.ts";
import {
  artifactById,
  artifactBytes,
  artifactPage,
  candidatesOfName,
  deleteArtifacts,
  idsOfNames,
  objectKeysOf,
  takenCombinations,
} from "../../src/releases/artifact-store.ts";
import {
  allUpdateTypes,
  artifactsOfPage,
  refreshReleases,
  releaseByName,
  releaseExists,
  releasePage,
  setTags,
} from "../../src/releases/release-store.ts";
import {
  doomedObjects,
  doomObjects,
  forgetObject,
  freeUsage,
  keepObject,
  knownObjects,
  objectWithPayload,
  usageOf,
} from "../../src/storage/store.ts";
import { expiredUploads, partsOf, sealUpload, uploadById } from "../../src/storage/upload-store.ts";
import { env, Server } from "../support/server.ts";

const T = DEFAULT_TENANT;
const PAGE = { page: 2, perPage: 20 };

/** What an upload, a download, a poll or a page of a list asks. */
const STATEMENTS: Record<string, Statement<unknown>[]> = {
  "adding an artifact": [
    keepObject(T, "k", { size: 1 }),
    objectWithPayload(T, { sha256: "x", size: 1 }),
    usageOf(T),
    takenCombinations(T, "a", ["x"]),
    ...refreshReleases(T, ["a"], 1),
  ],
  "finding artifacts": [
    artifactById(T, "x", "all"),
    artifactBytes(T, "x"),
    candidatesOfName(T, "a", undefined),
    candidatesOfName(T, "a", "pi"),
    releaseExists(T, "a"),
    releaseByName(T, "a", "all"),
  ],
  "removing artifacts": [
    idsOfNames(T, ["a"], 50),
    objectKeysOf(T, ["x"]),
    deleteArtifacts(T, ["x"]),
    freeUsage(T, ["k"]),
    doomObjects(T, ["k"]),
    doomedObjects(T, 1, 100),
    forgetObject(T, "k"),
    knownObjects(T, ["k"]),
  ],
  "uploading by link": [
    uploadById(T, "u"),
    partsOf(T, "u"),
    sealUpload(T, "u", "k", 1),
    expiredUploads(1, 1, 10),
  ],
  "artifacts in pages": [
    artifactPage(T, { reach: "all" }, "name:asc", PAGE),
    artifactPage(T, { reach: "all" }, "name:desc", PAGE),
    artifactPage(T, { reach: "all" }, "modified:asc", PAGE),
    artifactPage(T, { reach: "all" }, "modified:desc", PAGE),
    artifactPage(T, { reach: "all", names: ["a"] }, "name:asc", PAGE),
    artifactPage(T, { reach: "all", name: { match: "starts", text: "a" } }, "name:asc", PAGE),
  ],
  "releases in pages": [
    releasePage(T, { reach: "all" }, "name:asc", PAGE),
    releasePage(T, { reach: "all" }, "modified:desc", PAGE),
    releasePage(T, { reach: "all" }, "artifacts_count:desc", PAGE),
    releasePage(T, { reach: "all", namePrefix: "a" }, "name:asc", PAGE),
    releasePage(T, { reach: "all", names: ["a"] }, "name:asc", PAGE),
    releasePage(T, { reach: "all", tags: ["a"] }, "name:asc", PAGE),
    artifactsOfPage(T, { reach: "all" }, "modified:desc", PAGE),
  ],
  "labelling releases": [
    ...setTags(T, "a", ["x"]),
    allUpdateTypes(T, "all"),
    allUpdateTypes(T, { tags: ["a"] }),
  ],
};

beforeAll(async () => {
  await Server.start();
});

async function planOf(statement: Statement<unknown>): Promise<string[]> {
  const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${statement.sql}`)
    .bind(...statement.params)
    .all<{ detail: string }>();
  return results.map(({ detail }) => detail);
}

/** Tables that are read from end to end; lists that were given, and results of the same query, are none. */
const scansIn = (plan: readonly string[]) =>
  plan.filter(
    (line) =>
      line.startsWith("SCAN ") && !/VIRTUAL TABLE|CONSTANT ROW|SCAN \(subquery|LIST SUBQUERY/.test(line),
  );

describe.each(Object.entries(STATEMENTS))("%s", (_name, statements) => {
  it("looks rows up by an index and scans no table", async () => {
    for (const statement of statements) {
      expect([statement.sql, scansIn(await planOf(statement))]).toEqual([statement.sql, []]);
    }
  });
});

describe("pages", () => {
  it.each([
    ["artifacts by name", artifactPage(T, { reach: "all" }, "name:asc", PAGE)],
    ["artifacts by change", artifactPage(T, { reach: "all" }, "modified:desc", PAGE)],
    ["releases by name", releasePage(T, { reach: "all" }, "name:desc", PAGE)],
    ["releases by change", releasePage(T, { reach: "all" }, "modified:asc", PAGE)],
    ["releases by number of artifacts", releasePage(T, { reach: "all" }, "artifacts_count:desc", PAGE)],
  ])("of %s come in the order of an index", async (_what, statement) => {
    expect((await planOf(statement)).filter((line) => line.includes("TEMP B-TREE"))).toEqual([]);
  });
});
