import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files of local servers that wait the longest. */
const LONGEST = ["outgoing", "direct-upload", "admin", "half-bodies", "crash", "start"];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return at === -1 ? LONGEST.length : at;
};

/**
 * Of local servers, what waits the longest begins first. The runtime of the placed tests takes longer to start than their
 * files, and it goes on to the next one only if that is the next of all: it begins beside long files, while one place is left.
 */
export class Order extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const of = (name: string) => sorted.filter(({ project }) => project.name === name);
    const [placed, local] = [of("placed"), of("local").toSorted((a, b) => rank(a) - rank(b))];
    const rest = sorted.filter(({ project: { name } }) => name !== "placed" && name !== "local");
    const beside = Math.max(0, (local[0]?.project.config.maxWorkers ?? 1) - 1);
    return [
      ...placed.slice(0, 1),
      ...local.slice(0, beside),
      ...placed.slice(1),
      ...local.slice(beside),
      ...rest,
    ];
  }
}
