import { z } from "zod";
import { EVENT_TYPES } from "../../src/platform/event-types.ts";

const schemaOf = (data: z.ZodType): string => {
  const { $schema: _, ...schema } = z.toJSONSchema(data);
  return JSON.stringify(schema);
};

/** The part of docs/events.md that is made of the code: each type with its schema and a sample. */
export const eventTypesAsTold = (): string =>
  Object.entries(EVENT_TYPES)
    .map(([type, { when, data, sample, needs }]) =>
      [
        `### \`${type}\``,
        "",
        `When ${when}. Readers need \`${needs}\`.`,
        "",
        "```json",
        JSON.stringify(sample),
        "```",
        "",
        "Schema of `data`:",
        "",
        "```json",
        schemaOf(data),
        "```",
      ].join("\n"),
    )
    .join("\n\n");
