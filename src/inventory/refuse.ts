import { Fault } from "../platform/fault.ts";
import { describeIssues, MAX_ISSUES } from "../platform/wire.ts";

type Issue = { code?: string | undefined; path: PropertyKey[]; message: string };
type Result = { success: true } | { success: false; error: { issues: readonly Issue[] } };

const DECODE = "failed to decode request body: ";

/** A value of another JSON type than the field's, which the original calls a decoding error. */
const isShapeProblem = (issue: Issue) =>
  issue.code === "invalid_type" && issue.message.startsWith("Invalid input");

const at = (path: PropertyKey[]) => (path.length > 0 ? ` at ${path.map(String).join(".")}` : "");

/** Lists whose elements a user has put together: which one is wrong is told. */
const NAMED_LISTS = new Set<PropertyKey | undefined>(["filters", "sort", "terms"]);

/** The text with the place of what it is about, such as `filters[1]`. */
export const withPlace = (text: string, place: string): string => `${text.replace(/\.$/, "")} (${place}).`;

/**
 * Validation hook for bodies with lists. Shape problems carry the route's decoding prefix; of the others only the
 * first element with a problem is told, by field (protocol notes, inventory 5.1), and of conditions by their place.
 */
export const refuseList =
  (prefix = DECODE) =>
  (result: Result): undefined => {
    if (result.success) return undefined;
    const issues = result.error.issues.slice(0, MAX_ISSUES);
    const shape = issues.find(isShapeProblem);
    if (shape) throw new Fault("bad_request", `${prefix}${shape.message}${at(shape.path)}`);
    const first = issues[0];
    const element = first?.path.findIndex((part) => typeof part === "number") ?? -1;
    if (!first || element === -1) throw new Fault("bad_request", describeIssues(issues));
    const container = JSON.stringify(first.path.slice(0, element + 1));
    const same = issues
      .filter((issue) => JSON.stringify(issue.path.slice(0, element + 1)) === container)
      .map((issue) => ({ ...issue, path: issue.path.slice(element + 1) }));
    const [list, index] = first.path;
    const text = describeIssues(same);
    if (!NAMED_LISTS.has(list) || element !== 1) throw new Fault("bad_request", text);
    throw new Fault("bad_request", withPlace(text, `${String(list)}[${String(index)}]`));
  };
