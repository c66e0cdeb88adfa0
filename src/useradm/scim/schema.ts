import { z } from "zod";
import { EmailText } from "../schema.ts";

export const USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User";
export const GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

const MAX_EXTERNAL_ID = 256;
const MAX_OPERATIONS = 100;
const MAX_MEMBERS = 1000;

/** Some providers write truths as texts. */
export const Truth = z.preprocess(
  (value) => (typeof value === "string" && /^(true|false)$/i.test(value) ? /^t/i.test(value) : value),
  z.boolean({ error: "must be true or false" }),
);

export const ExternalId = z.string().min(1).max(MAX_EXTERNAL_ID).nullish();

export const ScimUser = z.object({ userName: EmailText, externalId: ExternalId, active: Truth.nullish() });

const Member = z.object({ value: z.string().min(1).max(128) });
export const Members = z.array(Member).max(MAX_MEMBERS);
/** It becomes the name of a role, which stands in addresses and in logs. */
export const DisplayName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, { error: "must be text in one line" });
export const ScimGroup = z.object({
  displayName: DisplayName,
  externalId: ExternalId,
  members: Members.nullish(),
});

const Operation = z.object({
  op: z.string().transform((op, ctx) => {
    const known = (["add", "replace", "remove"] as const).find((one) => one === op.toLowerCase());
    if (known) return known;
    ctx.addIssue({ code: "custom", message: "must be add, replace or remove" });
    return z.NEVER;
  }),
  path: z.string().max(1024).nullish(),
  value: z.unknown().optional(),
});
export type Operation = z.output<typeof Operation>;

export const Patch = z.object({ Operations: z.array(Operation).min(1).max(MAX_OPERATIONS) });
