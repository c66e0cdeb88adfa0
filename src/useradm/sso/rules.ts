import type { OperatorActor, UserActor } from "../../platform/actor.ts";
import { addAudit, addAuditIfChanged } from "../../platform/audit.ts";
import { refusalOf } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { asUserId, type TenantId } from "../../platform/ids.ts";
import {
  forceStatements,
  NO_GLASS,
  NO_PROVIDER,
  ruleStatement,
  sharedSourceStatement,
  shareStatements,
  unforceStatement,
} from "./rule-store.ts";

/** Who may still use a password; undefined where everybody may. */
export async function forcedBut(deps: Deps, { tenant }: UserActor): Promise<string | undefined> {
  return (await deps.directory.one(ruleStatement(tenant)))?.break_glass;
}

async function told<T>(batch: Promise<T>): Promise<T> {
  try {
    return await batch;
  } catch (cause) {
    const refusal = refusalOf(cause);
    if (refusal === NO_GLASS)
      throw new Fault("unprocessable", "break_glass_user must be an administrator with a password", {
        cause,
      });
    if (refusal === NO_PROVIDER)
      throw new Fault("unprocessable", "there is no identity provider with metadata", { cause });
    throw cause;
  }
}

/** Says whether users get in through a provider only, and who may break the glass. */
export async function force(deps: Deps, actor: UserActor, breakGlass: string | undefined): Promise<void> {
  const object = { type: "settings", id: actor.tenant };
  const now = deps.now();
  const entry = (change: string) => addAuditIfChanged(actor, { action: "update", object, change }, now);
  if (breakGlass === undefined) {
    await deps.directory.batch([unforceStatement(actor.tenant), entry("single sign-on: not forced")]);
    return;
  }
  await told(
    deps.directory.batch([
      ...forceStatements(actor.tenant, asUserId(breakGlass)),
      entry(`single sign-on: forced but for ${breakGlass}`),
    ]),
  );
}

/** Has a tenant use the providers of another from now on. Answers whether it had any before. */
export async function share(
  deps: Deps,
  actor: OperatorActor,
  source: TenantId,
): Promise<{ hasReplaced: boolean }> {
  if (source === actor.tenant) throw new Fault("bad_request", "source_tenant_id: must be another tenant.");
  const entry = {
    action: "update",
    object: { type: "tenant", id: actor.tenant },
    change: `single sign-on of ${source}`,
  };
  const batch = deps.directory.batch([
    sharedSourceStatement(actor.tenant),
    ...shareStatements(actor.tenant, source),
    addAudit(actor, entry, deps.now()),
  ]);
  const [before, , removed] = await batch.catch((cause: unknown) => {
    if (refusalOf(cause) !== NO_PROVIDER) throw cause;
    throw new Fault("not_found", "the source tenant has no identity provider", { cause });
  });
  return { hasReplaced: removed > 0 || before !== undefined };
}
