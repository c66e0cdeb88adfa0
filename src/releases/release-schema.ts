import { z } from "@hono/zod-openapi";
import { pageQuery } from "../platform/paging.ts";
import { verbatim } from "../platform/wire.ts";
import { ArtifactSchema } from "./artifact.ts";
import {
  RELEASE_ORDERS,
  type ReleaseFilter,
  type ReleaseOrder,
  type ReleaseRecord,
} from "./release-store.ts";
import type { Release } from "./releases.ts";

const MAX_TAGS = 20;
const MAX_TAG_CHARACTERS = 1024;
const MAX_NOTES_BYTES = 1024;
const MAX_FILTER_VALUES = 100;

/** The first version capitalises the names that it did not get later. */
export const ReleaseV1Schema = z
  .object({
    Name: z.string(),
    Modified: z.string(),
    Artifacts: z.array(ArtifactSchema),
    ArtifactsCount: z.number().int(),
    tags: z.array(z.string()),
    notes: z.string(),
  })
  .openapi("ReleaseV1");

export const ReleaseSchema = z
  .object({
    name: z.string(),
    modified: z.string(),
    tags: z.array(z.string()),
    notes: z.string(),
    artifacts: z.array(ArtifactSchema),
    artifacts_count: z.number().int(),
  })
  .openapi("Release");

export const SoftwareSchema = z
  .object({
    name: z.string(),
    modified: z.string(),
    tags: z.array(z.string()),
    notes: z.string(),
    kind: z.literal("release"),
    compatible_types: z.array(z.string()),
  })
  .openapi("Software");

export const releaseV1Wire = (release: Release): z.output<typeof ReleaseV1Schema> => ({
  Name: release.name,
  Modified: release.modified,
  Artifacts: release.artifacts,
  ArtifactsCount: release.artifactsCount,
  tags: release.tags,
  notes: release.notes,
});

export const releaseWire = (release: Release): z.output<typeof ReleaseSchema> => ({
  name: release.name,
  modified: release.modified,
  tags: release.tags,
  notes: release.notes,
  artifacts: release.artifacts,
  artifacts_count: release.artifactsCount,
});

export const softwareWire = (release: ReleaseRecord): z.output<typeof SoftwareSchema> => ({
  name: release.name,
  modified: release.modified,
  tags: release.tags,
  notes: release.notes,
  kind: "release",
  compatible_types: release.deviceTypes,
});

/** Any other order is that by name, as in the original. */
const sort = z
  .string()
  .optional()
  .transform((text): ReleaseOrder => RELEASE_ORDERS.find((order) => order === text) ?? "name:asc")
  .openapi({ type: "string", enum: RELEASE_ORDERS, default: "name:asc" });

/** A query member that may come several times. */
const repeatable = z
  .union([z.string().transform((text) => [text]), z.array(z.string()).max(MAX_FILTER_VALUES)])
  .optional()
  .openapi({ type: "array", items: { type: "string" } });

const filled = z
  .string()
  .optional()
  .transform((text) => text || undefined)
  .openapi({ type: "string" });

const tagFilter = repeatable.transform((tags) => tags?.map((tag) => tag.toLowerCase()));

export const releaseQuery = { name: filled, tag: tagFilter, update_type: filled, sort, ...pageQuery() };

export const releaseV1Query = { ...releaseQuery, description: filled, device_type: filled };

export const releaseFilter = (query: {
  name?: string | undefined;
  description?: string | undefined;
  device_type?: string | undefined;
  update_type?: string | undefined;
  tag?: string[] | undefined;
}): ReleaseFilter => ({
  name: query.name,
  description: query.description,
  deviceType: query.device_type,
  updateType: query.update_type,
  tags: query.tag,
});

const KINDS = ["release", "manifest"] as const;

export const kindQuery = z.enum(KINDS, { error: "must be a valid value" }).optional();

export const SoftwareQuery = z
  .object({
    name: repeatable,
    name_prefix: filled,
    kind: kindQuery,
    tag: tagFilter,
    update_type: filled,
    sort,
    ...pageQuery(),
  })
  .refine((query) => query.name === undefined || query.name_prefix === undefined, {
    error: "name and name_prefix are mutually exclusive",
    params: { verbatim: true },
  });

const NOT_GRAPHIC = /[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]/u;
const NOT_IN_TAGS = /[^A-Za-z0-9\-_.]/u;

/** The first character that may not be in the text, with its offset in bytes. */
function strangeCharacter(text: string, pattern: RegExp): string | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const offset = new TextEncoder().encode(text.slice(0, match.index)).length;
  const shown = JSON.stringify(match[0]).slice(1, -1);
  return `invalid character '${shown}' at offset ${offset}`;
}

export const NotesSchema = z.object({
  notes: z
    .string()
    .nullish()
    .transform((notes) => notes ?? "")
    .superRefine((notes, ctx) => {
      if (new TextEncoder().encode(notes).length > MAX_NOTES_BYTES) {
        ctx.addIssue(verbatim("release notes too long"));
      }
      const strange = strangeCharacter(notes, NOT_GRAPHIC);
      if (strange) ctx.addIssue(verbatim(strange));
    })
    .openapi({ type: "string", maxLength: MAX_NOTES_BYTES }),
});

function tagProblem(tag: string): string | undefined {
  if (tag === "") return "tag cannot be blank";
  if (tag.length > MAX_TAG_CHARACTERS) return `tag must be less than ${MAX_TAG_CHARACTERS} characters`;
  return strangeCharacter(tag, NOT_IN_TAGS);
}

/** Tags in a request, repeated ones among them. */
const MAX_LISTED_TAGS = 1000;

export const TagsSchema = z
  .array(z.string())
  .max(MAX_LISTED_TAGS, { error: `the length must be no more than ${MAX_LISTED_TAGS}` })
  .superRefine((tags, ctx) => {
    for (const tag of tags) {
      const problem = tagProblem(tag);
      if (problem) ctx.addIssue(verbatim(problem));
    }
  })
  .transform((tags, ctx) => {
    const unique = [...new Set(tags.map((tag) => tag.toLowerCase()))];
    if (unique.length > MAX_TAGS) {
      ctx.addIssue(verbatim(`the total number of tags per exceeded maximum of ${MAX_TAGS}`));
      return z.NEVER;
    }
    return unique;
  })
  .openapi({ type: "array", items: { type: "string" }, maxItems: MAX_TAGS });
