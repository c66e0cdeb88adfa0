import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readArtifact, type ReadResult } from "../../src/artifact/read.ts";
import { Dice } from "../clients/artifact-damage.ts";
import { artifact, chunked } from "../support/artifact-samples.ts";
import { TOOL_ARTIFACTS } from "../unit/artifact/tool-samples.ts";
import { type Mutant, mutantOf } from "./support/artifact-mutations.ts";
import { LONG, many, SEEDS, tell } from "./support/form.ts";
import { ReferenceTool } from "./support/reference-tool.ts";

/** Every header version and every compression, as the reference tool writes them, and those it cannot write. */
const SAMPLES: [string, Buffer][] = [
  ...Object.entries(TOOL_ARTIFACTS).map(([name, text]): [string, Buffer] => [
    name,
    gunzipSync(Buffer.from(text, "base64")),
  ]),
  ["zstd", artifact({ headerPacking: "zstd", dataPacking: "zstd" })],
  ["plain header", artifact({ headerPacking: "none" })],
];

const MUTANTS = Math.ceil(many(1_000_000, 4_000) / SEEDS.length);
/** Judging is slow: as many as this of all mutants. One in eight has what the tool is too old for, so more are put to it. */
const JUDGED = many(10_000, 0);
const JUDGED_OF = Math.floor((MUTANTS * SEEDS.length) / (JUDGED * 1.25));
const AT_ONCE = 16;
/** Multiple of those at once. */
const MUTANTS_A_PROGRESS = 16_000;
/** Of processor time for so many: far above what they need, far below what a client notices. */
const MAX_MS = 1_000;
const MAX_GROWTH_BYTES = 512 * 1024 * 1024;
const MIB = 1024 * 1024;

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

type Outcome = ReadResult | { thrown: unknown };

const outcomeOf = ({ content }: Mutant): Promise<Outcome> =>
  readArtifact(chunked(content)).catch((thrown: unknown) => ({ thrown }));

function complaintAbout(outcome: Outcome): string | undefined {
  if ("thrown" in outcome) return `throws ${String(outcome.thrown)}`;
  if (!outcome.ok && !(outcome.fault.message && outcome.fault.reason)) return "is refused without a reason";
  return undefined;
}

describe.each(SEEDS)("artifacts mutated (seed %d)", (seed) => {
  it("are read or refused with a reason, in bounded time and memory", async () => {
    using tool = await ReferenceTool.find();
    const dice = new Dice(seed);
    const complaints: string[] = [];
    const counts = { accepted: 0, refused: 0, slowestMs: 0, peakBytes: 0 };
    const bytesBefore = process.memoryUsage.rss();
    const started = performance.now();
    for (let done = 0; done < MUTANTS; done += AT_ONCE) {
      const mutants = Array.from({ length: AT_ONCE }, () => mutantOf(SAMPLES, dice));
      const startedMs = cpuMs();
      const outcomes = await Promise.all(mutants.map(outcomeOf));
      const ms = cpuMs() - startedMs;
      counts.slowestMs = Math.max(counts.slowestMs, ms);
      counts.peakBytes = Math.max(counts.peakBytes, process.memoryUsage.rss() - bytesBefore);
      if (ms > MAX_MS) complaints.push(`${mutants.map(({ what }) => what).join(" | ")}: ${ms} ms`);
      for (const [at, outcome] of outcomes.entries()) {
        const [number, { what, content }] = [done + at, mutants[at]!];
        const complaint = complaintAbout(outcome);
        if (complaint !== undefined) complaints.push(`${number} ${what}: ${complaint}`);
        if ("thrown" in outcome) continue;
        counts[outcome.ok ? "accepted" : "refused"]++;
        if (tool && JUDGED > 0 && number % JUDGED_OF === 0)
          await tool.compare(`${number} ${what}`, content, outcome);
      }
      if (LONG && done > 0 && done % MUTANTS_A_PROGRESS === 0)
        tell(
          `${done} mutants (seed ${seed}), ${complaints.length} complaints, ${tool?.asked ?? 0} judged, ` +
            `unexplained: ${JSON.stringify(tool?.unexplained ?? [])}`,
        );
    }
    await tool?.settled();
    const rate = Math.round(MUTANTS / ((performance.now() - started) / 1000));
    tell(
      `${MUTANTS} mutated artifacts (seed ${seed}): ${counts.accepted} accepted, ${counts.refused} refused, ${rate} a second, ` +
        `slowest ${AT_ONCE} together ${Math.round(counts.slowestMs)} ms, memory +${Math.round(counts.peakBytes / MIB)} MiB`,
    );
    if (tool && JUDGED > 0) tell(tool.report());
    expect(complaints).toEqual([]);
    expect(Math.min(counts.accepted, counts.refused)).toBeGreaterThan(0);
    expect(counts.peakBytes).toBeLessThan(MAX_GROWTH_BYTES);
    expect(tool?.unexplained ?? []).toEqual([]);
    if (tool) expect(tool.asked).toBeGreaterThanOrEqual(Math.floor(JUDGED / SEEDS.length));
  });
});
