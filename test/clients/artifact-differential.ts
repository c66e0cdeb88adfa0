import { readArtifact } from "../../src/artifact/read.ts";
import { verifySignature } from "../../src/artifact/verify.ts";
import { chunked } from "../support/artifact-samples.ts";
import { BOMB_LIMITS, type Case, statedCases, type Verdict } from "./artifact-cases.ts";
import { corrupted, Dice, duplicated, reordered, truncated, withHostileHeader } from "./artifact-damage.ts";
import { ArtifactTool, type ToolSample, toolSamples } from "./artifact-tool.ts";

type Subject = Case & { key?: ToolSample["key"] };

const SEED = Number(process.argv[2] ?? 20_261_121);

/** Every sample is damaged in every way. */
function damaged(sample: ToolSample, dice: Dice): Subject[] {
  const isPacked = sample.name !== "uncompressed";
  const all = [
    { title: sample.name, content: sample.content, expected: "accept" as const },
    ...truncated(sample, isPacked ? 5 : 24),
    ...reordered(sample),
    ...duplicated(sample),
    ...corrupted(sample, 8, dice),
    ...withHostileHeader(sample, 8, dice),
  ];
  return all.map((one) => ({ ...one, ...(sample.key !== undefined && { key: sample.key }) }));
}

/** With a key at hand the tool refuses what is not signed with it, so the same is asked of us. */
async function ourVerdict({ content, key }: Subject): Promise<[Verdict, string]> {
  const result = await readArtifact(chunked(content), { unpackLimits: BOMB_LIMITS });
  if (!result.ok) return ["refuse", result.fault.message];
  if (key === undefined) return ["accept", ""];
  const signature = verifySignature(result.artifact, key.publicPem);
  return signature.ok ? ["accept", ""] : ["refuse", signature.reason];
}

using tool = new ArtifactTool();
const dice = new Dice(SEED);
const subjects: Subject[] = [
  ...toolSamples(tool).flatMap((sample) => damaged(sample, dice)),
  ...statedCases(),
];
const counts = { accept: 0, refuse: 0, asked: 0, mismatches: 0 };

for (const subject of subjects) {
  const [ours, text] = await ourVerdict(subject);
  counts[ours]++;
  const wanted: [string, Verdict][] = subject.expected ? [["the protocol notes", subject.expected]] : [];
  if (subject.apart === undefined) {
    const { ok } = tool.validate(subject.content, subject.key?.publicPath);
    wanted.push(["mender-artifact", ok ? "accept" : "refuse"]);
    counts.asked++;
  }
  for (const [who, verdict] of wanted.filter(([, verdict]) => verdict !== ours)) {
    counts.mismatches++;
    console.log(`MISMATCH ${subject.title}: ${who} would ${verdict}, we ${ours} ${text.slice(0, 300)}`);
  }
}

console.log(
  `${subjects.length} artifacts: ${counts.accept} accepted, ${counts.refuse} refused; ` +
    `${counts.asked} of them put to mender-artifact as well; ${counts.mismatches} mismatches (seed ${SEED})`,
);
process.exitCode = counts.mismatches === 0 ? 0 : 1;
