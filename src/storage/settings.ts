import { z } from "@hono/zod-openapi";
import type { OperatorActor } from "../platform/actor.ts";
import { addAudit } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { requiredText, verbatim } from "../platform/wire.ts";
import { dropSettings, keepSettings, settingsOf } from "./settings-store.ts";

const text = (min: number, max: number) => requiredText(min, max).optional();

const Fields = z.object({
  type: z.string().optional(),
  region: text(5, 20),
  bucket: text(5, 100),
  key: text(5, 50),
  secret: text(5, 100),
  token: text(5, 100),
  uri: text(3, 2000),
  external_uri: text(3, 2000),
  proxy_uri: text(3, 2000),
  literal_bucket_uri: z.boolean().optional(),
  connection_string: z.string().max(2000).optional(),
  force_path_style: z.boolean().optional(),
  use_accelerate: z.boolean().optional(),
});

const Aliases = z.object({
  container_name: z.string().optional(),
  account_name: z.string().optional(),
  account_key: z.string().optional(),
});

const isGiven = (member: unknown) => member !== undefined && member !== null;

const isObject = (input: unknown): input is Record<string, unknown> =>
  typeof input === "object" && input !== null && !Array.isArray(input);

/** Azure has words of its own for three of the fields. */
function withoutAliases(input: Record<string, unknown>): Record<string, unknown> {
  const { container_name: bucket, account_name: key, account_key: secret, ...rest } = input;
  if (input.type !== "azure") return rest;
  return {
    ...(isGiven(bucket) && { bucket }),
    ...(isGiven(key) && { key }),
    ...(isGiven(secret) && { secret }),
    ...rest,
  };
}

export type StorageSettings = z.output<typeof Fields>;

function demandTogether(settings: StorageSettings, ctx: z.RefinementCtx): void {
  const { type = "s3" } = settings;
  if (type !== "s3" && type !== "azure") {
    ctx.addIssue(verbatim("storage type invalid"));
    return;
  }
  const needsKey = type === "s3" || settings.connection_string === undefined;
  const required = [
    "bucket",
    ...(type === "s3" ? ["region"] : []),
    ...(needsKey ? ["key", "secret"] : []),
  ] as const;
  for (const field of required) {
    if (Object.hasOwn(settings, field)) continue;
    ctx.addIssue({ code: "custom", path: [field], message: "cannot be blank" });
  }
  if (settings.literal_bucket_uri && settings.uri === undefined) {
    ctx.addIssue({ code: "custom", path: ["uri"], message: "required when 'literal_bucket_uri' is set" });
  }
}

/** Settings of a tenant's storage (protocol notes, storage 4); an empty object means none. */
export const StorageSettingsBody = z
  .preprocess(
    (input) => (isObject(input) ? withoutAliases(input) : input),
    Fields.superRefine((settings, ctx) => {
      if (Object.keys(settings).length > 0) demandTogether(settings, ctx);
    }),
  )
  .transform((settings) => (settings.uri === undefined ? settings : { ...settings, use_accelerate: false }));

/** For the documentation alone: what a body may hold. */
export const StorageSettingsSchema = Fields.extend(Aliases.shape).openapi("StorageSettings");

/** With the secrets in clear, as the operator wrote them. */
export async function showSettings(deps: Deps, { tenant }: OperatorActor): Promise<StorageSettings | null> {
  const row = await deps.db(tenant).one(settingsOf(tenant));
  return row ? (JSON.parse(row.settings) as StorageSettings) : null; // written by `keepSettings`
}

export async function changeSettings(
  deps: Deps,
  actor: OperatorActor,
  settings: StorageSettings,
): Promise<void> {
  const { tenant } = actor;
  const isEmpty = Object.keys(settings).length === 0;
  const object = { type: "tenant", id: tenant };
  await deps
    .db(tenant)
    .batch([
      isEmpty ? dropSettings(tenant) : keepSettings(tenant, settings),
      addAudit(actor, { action: "update", object, change: "storage settings" }, deps.now()),
    ]);
}
