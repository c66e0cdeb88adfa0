import { Fault } from "../platform/fault.ts";
import { refuseList } from "../inventory/index.ts";
import { MAX_ISSUES } from "../platform/wire.ts";

type Result = Parameters<ReturnType<typeof refuseList>>[0];
type Issues = Extract<Result, { success: false }>["error"]["issues"];

const PREFIX = "malformed request body: ";

/** Nested parts of a body whose problems are told with the way to them. */
const NESTED = ["aggregations", "geo_distance_filter", "geo_bounding_box_filter"];

/** Problems as a tree: fields sorted, each level in parentheses and closed by a period (protocol notes, reporting 1.1). */
function describe(issues: readonly { path: PropertyKey[]; message: string }[]): string {
  const fields = Map.groupBy(issues, ({ path }) => String(path[0]));
  const pieces = [...fields].map(([field, inside]) => {
    const own = inside.find(({ path }) => path.length <= 1);
    if (own) return own.path.length === 0 ? own.message : `${field}: ${own.message}`;
    return `${field}: (${describe(inside.map((issue) => ({ ...issue, path: issue.path.slice(1) })))})`;
  });
  return `${pieces.toSorted().join("; ")}.`;
}

const isNested = (issues: Issues) => issues.some(({ path }) => NESTED.includes(String(path[0])));

/** Validation hook of this domain's bodies. */
export const refuseReport = (result: Result): undefined => {
  if (result.success) return undefined;
  const issues = result.error.issues.slice(0, MAX_ISSUES);
  const isShape = issues.some(({ message }) => message.startsWith("Invalid input"));
  if (isNested(issues) && !isShape) throw new Fault("bad_request", PREFIX + describe(issues));
  try {
    return refuseList("")(result);
  } catch (cause) {
    if (cause instanceof Fault) throw new Fault("bad_request", PREFIX + cause.publicMessage);
    throw cause;
  }
};
