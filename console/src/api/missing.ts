import type { Refused } from "./client.ts";
import { may } from "./session.ts";

export const NOT_YOURS = "Your roles do not include this.";

/**
 * Which permission something would have taken, in a sentence; undefined where that cannot be told. The server says no more than that
 * it is forbidden, as the original does: its document tells what each operation needs, the session what one has.
 */
export async function missingOf({ status, operation }: Refused): Promise<string | undefined> {
  if (status !== 403 || operation === undefined) return undefined;
  const { default: needs } = await import("./needs.json");
  const needed = new Map(Object.entries(needs)).get(operation);
  if (needed === undefined) return undefined;
  const own = needed.split(" or ").filter(may);
  return own.length === 0
    ? `It takes the permission ${needed}.`
    : `You have the permission ${own.join(", ")}, but not for this.`;
}
