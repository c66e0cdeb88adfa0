import { z } from "@hono/zod-openapi";
import { verbatim } from "../platform/wire.ts";
import { isFinal, isStatus, STATUSES, type Status } from "./status.ts";

/** Of a query member that is sent several times, all values; absent is none. */
export const several = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value) => (value === undefined ? undefined : typeof value === "string" ? [value] : value));

const first = several.transform((values) => values?.[0] || undefined);

const MS = 1000;

const unixTime = (parameter: string) =>
  first.transform((text, ctx) => {
    if (text === undefined) return undefined;
    if (!/^-?\d{1,12}$/.test(text)) {
      ctx.addIssue(
        verbatim(`timestamp parsing failed for ${parameter} parameter: invalid timestamp: ${text}`),
      );
      return z.NEVER;
    }
    return Number(text) * MS;
  });

const WORDS = {
  inprogress: "inprogress",
  finished: "finished",
  aborted: "finished",
  pending: "pending",
  scheduled: "scheduled",
} as const;

const deploymentStatus = first.transform((word, ctx) => {
  if (word === undefined) return undefined;
  if (Object.hasOwn(WORDS, word)) return WORDS[word as keyof typeof WORDS]; // checked by the condition
  ctx.addIssue(verbatim(`unknown status ${word}`));
  return z.NEVER;
});

const KINDS = ["software", "configuration"] as const;

const kind = first.transform((word, ctx) => {
  if (word === undefined) return undefined;
  const known = KINDS.find((candidate) => candidate === word);
  if (known) return known;
  ctx.addIssue(verbatim(`unknown deployment type ${word}`));
  return z.NEVER;
});

const sort = first.transform((word, ctx) => {
  if (word === undefined || word === "desc") return false;
  if (word === "asc") return true;
  ctx.addIssue(verbatim('invalid form value: must be one of "asc" or "desc"'));
  return z.NEVER;
});

/** Members that both versions of the list of deployments know. */
export const deploymentsQuery = {
  status: deploymentStatus,
  type: kind,
  created_before: unixTime("created_before"),
  created_after: unixTime("created_after"),
  sort,
};

export const firstOnly = first;

/** Words that stand for several statuses. */
const GROUPS: Record<string, readonly Status[]> = {
  pause: ["pause_before_installing", "pause_before_committing", "pause_before_rebooting"],
  active: STATUSES.filter((status) => !isFinal(status)),
  finished: STATUSES.filter(isFinal),
};

/** Statuses of devices; several words mean any of them. */
export const deviceStatuses = several.transform((words, ctx): Status[] | undefined => {
  const given = words?.filter((word) => word !== "");
  if (!given || given.length === 0) return undefined;
  const statuses = given.flatMap((word) =>
    isStatus(word) ? [word] : (Object.hasOwn(GROUPS, word) && GROUPS[word]) || [],
  );
  if (given.every((word) => isStatus(word) || Object.hasOwn(GROUPS, word))) return [...new Set(statuses)];
  ctx.addIssue(verbatim("status: must be a valid value"));
  return z.NEVER;
});
