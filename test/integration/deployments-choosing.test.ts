import { sql } from "drizzle-orm";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { keepCandidate } from "../../src/deployments/store/artifacts.ts";
import { bestArtifact, type DeviceState } from "../../src/deployments/store/assignment.ts";
import { change, firstRow, type Database } from "../../src/platform/database.ts";
import { DEFAULT_TENANT } from "../../src/platform/ids.ts";
import type { ArtifactCandidate } from "../../src/releases/index.ts";
import { aTenant } from "../support/actors.ts";
import { Server } from "../support/server.ts";

const KEYS = ["artifact_name", "artifact_group", "checksum", 'odd "key', "pl.us[0]"];
const word = fc.constantFrom("a", "b", "c", "", 'quo"te', "ü");
const type = fc.constantFrom("pi4", "bb", "pi4 ");

const candidate = fc.record({
  deviceTypes: fc.uniqueArray(type, { minLength: 1 }),
  depends: fc.dictionary(fc.constantFrom(...KEYS), fc.uniqueArray(word, { minLength: 1, maxLength: 3 })),
  size: fc.integer({ min: 1, max: 3 }),
});

const state: fc.Arbitrary<DeviceState> = fc
  .record({
    deviceType: type,
    artifactName: word,
    further: fc.dictionary(fc.constantFrom(...KEYS), word),
    complete: fc.boolean(),
  })
  .map(({ deviceType, artifactName, further, complete }) => ({
    deviceType,
    artifactName,
    provides: { ...(complete ? further : {}), artifact_name: artifactName },
    complete,
  }));

type Candidate = Pick<ArtifactCandidate, "id" | "deviceTypes" | "depends" | "size">;

/** The rule in plain words of code: what cannot be checked, then what is satisfied, then size, then id. */
function expectedBest(candidates: readonly Candidate[], of: DeviceState, plan: string): string | null {
  const rated = candidates.flatMap((one) => {
    const depends = Object.entries(one.depends);
    const unknown = depends.filter(([key]) => !(key in of.provides)).length;
    const unmet = depends.some(([key, any]) => key in of.provides && !any.includes(of.provides[key]!));
    const fits =
      one.deviceTypes.includes(of.deviceType) && !unmet && ((!of.complete && plan === "os") || unknown === 0);
    return fits ? [{ ...one, unknown, count: depends.length }] : [];
  });
  rated.sort(
    (a, b) => a.unknown - b.unknown || b.count - a.count || a.size - b.size || (a.id < b.id ? -1 : 1),
  );
  return rated[0]?.id ?? null;
}

let db: Database;

beforeAll(async () => {
  const server = await Server.start();
  await aTenant(server, DEFAULT_TENANT);
  db = (await server.deps()).db(DEFAULT_TENANT);
  await db.batch([
    change(sql`INSERT INTO deployments
      (tenant_id, seq, deployment_id, kind, name, artifact_name, created_ms, scope, fingerprint)
      VALUES ('default', 1, 'd', 'software', 'd', 'r', 1, 'all', 'f')`),
    change(sql`INSERT INTO deployment_counters (tenant_id, seq, opens_ms, max_devices, remaining, unseen)
      VALUES ('default', 1, 1, 1, 1, 1)`),
  ]);
});

const imageOf = (id: string) => ({
  id,
  description: "",
  name: "r",
  device_types_compatible: [],
  info: { format: "mender", version: 3 },
  signed: false,
  updates: [],
  size: 1,
  modified: "",
});

describe("the artifact for a device", () => {
  it("is the best of those that fit, whatever they depend on and the device provides", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(candidate, { maxLength: 5 }),
        fc.array(state, { minLength: 1, maxLength: 5 }),
        fc.constantFrom("os", "professional", "enterprise"),
        async (drawn, states, plan) => {
          const candidates = drawn.map((one, i) => ({ ...one, id: `artifact-${i}` }));
          const kept = candidates.map((one) => {
            const depends = { ...one.depends, device_type: one.deviceTypes };
            const image = imageOf(one.id);
            return keepCandidate(DEFAULT_TENANT, "d", { ...one, depends, name: "r", image });
          });
          const best = states.map((of) =>
            firstRow<{ id: string | null }>(
              sql`SELECT (${bestArtifact(sql`c.seq`, of)}) AS id FROM deployment_counters c`,
            ),
          );
          const results = await db.batch([
            change(sql`DELETE FROM deployment_artifacts`),
            change(sql`UPDATE tenants SET plan = ${plan}`),
            ...kept,
            ...best,
          ]);
          const found = results.slice(-states.length) as unknown as { id: string | null }[];
          expect(found.map(({ id }) => id)).toEqual(states.map((of) => expectedBest(candidates, of, plan)));
        },
      ),
      { numRuns: 500, seed: 7 },
    );
  }, 120_000);
});
