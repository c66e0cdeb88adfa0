import { z } from "@hono/zod-openapi";
import { pageQuery } from "../platform/paging.ts";
import { uuidText, verbatim } from "../platform/wire.ts";
import type { ArtifactFilter, ArtifactOrder, TextFilter } from "./artifact-store.ts";
import { ARTIFACT_ORDERS } from "./artifact-store.ts";

export const ArtifactId = uuidText
  .transform((id) => id.toLowerCase())
  .openapi({ type: "string", format: "uuid" });

/** What the first version of a list does with a number it cannot read: it takes the default. */
const lenient = (fallback: number, max: number) =>
  z
    .string()
    .optional()
    .transform((text) => {
      const value = /^\d{1,9}$/.test(text ?? "") ? Number(text) : 0;
      return value >= 1 && value <= max ? value : fallback;
    })
    .openapi({ type: "integer", minimum: 1, default: fallback });

export const lenientPageQuery = { page: lenient(1, 1_000_000_000), per_page: lenient(20, 500) };

/** Any other order is that by name, as in the original. */
export const artifactSort = z
  .string()
  .optional()
  .transform((text): ArtifactOrder => ARTIFACT_ORDERS.find((order) => order === text) ?? "name:asc")
  .openapi({ type: "string", enum: ARTIFACT_ORDERS, default: "name:asc" });

const contains = (text: string | undefined): TextFilter | undefined =>
  text ? { match: "contains", text } : undefined;

export const artifactFilterQuery = {
  name: z.string().optional(),
  description: z.string().optional(),
  device_type: z.string().optional(),
};

export const substringFilter = (query: {
  name?: string | undefined;
  description?: string | undefined;
  device_type?: string | undefined;
}): ArtifactFilter => ({
  name: contains(query.name),
  description: contains(query.description),
  deviceType: contains(query.device_type),
});

/** `abc*` is a prefix, `abc\*` ends in a star. */
function patternOf(text: string): TextFilter {
  if (text.endsWith("\\*")) return { match: "equals", text: `${text.slice(0, -2)}*` };
  if (text.endsWith("*")) return { match: "starts", text: text.slice(0, -1) };
  return { match: "equals", text };
}

const MAX_NAMES = 100;
const MAX_PER_PAGE = 500;

const strings = z.union([z.string().transform((text) => [text]), z.array(z.string())]).optional();

const invalidFilter = (reason: string) => verbatim(`invalid filter: ${reason}`);

/** Query of the second version of the artifact list (protocol notes, deployments 7.3). */
export const ArtifactPatternQuery = z
  .object({
    name: strings.openapi({ type: "array", items: { type: "string" } }),
    description: z.string().optional(),
    device_type: z.string().optional(),
    ...pageQuery(20, Number.MAX_SAFE_INTEGER),
  })
  .superRefine(({ name = [], per_page: perPage }, ctx) => {
    const hasPrefix = name.some((text) => patternOf(text).match === "starts");
    if (hasPrefix && name.length > 1) {
      ctx.addIssue(invalidFilter("cannot filter by both exact names and name prefix"));
    }
    if (name.length > MAX_NAMES)
      ctx.addIssue(invalidFilter(`Names: the length must be no more than ${MAX_NAMES}.`));
    if (perPage > MAX_PER_PAGE)
      ctx.addIssue(invalidFilter(`PerPage: must be no greater than ${MAX_PER_PAGE}.`));
  });

export function patternFilter(query: z.output<typeof ArtifactPatternQuery>): ArtifactFilter {
  const names = (query.name ?? []).map(patternOf);
  const [first] = names;
  return {
    ...(first?.match === "starts" ? { name: first } : {}),
    ...(first?.match === "equals" ? { names: names.map(({ text }) => text) } : {}),
    description: query.description ? patternOf(query.description) : undefined,
    deviceType: query.device_type ? patternOf(query.device_type) : undefined,
  };
}
