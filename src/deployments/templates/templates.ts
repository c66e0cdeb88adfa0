import { addAuditIfChanged } from "../../platform/audit.ts";
import type { Actor } from "../../platform/actor.ts";
import { rfc3339 } from "../../platform/clock.ts";
import { isUniqueViolation, type Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { addEventIfChanged } from "../../platform/outbox.ts";
import { byOf } from "../../platform/stream.ts";
import { EVENTS } from "../events.ts";
import { newId } from "../../platform/ids.ts";
import type { Page } from "../../platform/paging.ts";
import { devicesFor } from "../../platform/permissions.ts";
import { createDeployment, type Created } from "../create.ts";
import type { Listed } from "../queries.ts";
import {
  addTemplate,
  countTemplates,
  dropTemplate,
  listTemplates,
  MAX_TEMPLATES,
  setTemplate,
  templateById,
  type TemplateRow,
} from "../store/templates.ts";
import { wantedOf } from "../wanted-of.ts";
import type { NewTemplate, Template } from "./schema.ts";

const bodyOf = (row: TemplateRow) => JSON.parse(row.body) as Record<string, unknown>; // validated when it was stored

const shown = (row: TemplateRow): Template => ({
  id: row.template_id,
  name: row.name,
  body: bodyOf(row),
  created: rfc3339(row.created_ms),
  updated: rfc3339(row.updated_ms),
});

export async function templates(deps: Deps, actor: Actor, page: Page): Promise<Listed<Template>> {
  const [tenant, reach] = [actor.tenant, devicesFor(actor, "deployments:read")];
  const [found, count] = await deps
    .db(tenant)
    .batch([listTemplates(tenant, reach, page), countTemplates(tenant, reach)]);
  const total = count?.total ?? 0;
  return { items: found.map(shown), total, hasNext: page.page * page.perPage < total };
}

async function found(deps: Deps, actor: Actor, id: string, permission: "read" | "manage"): Promise<Template> {
  const reach = devicesFor(actor, `deployments:${permission}`);
  const row = await deps.db(actor.tenant).one(templateById(actor.tenant, reach, id));
  if (!row) throw new Fault("not_found", "Resource not found");
  return shown(row);
}

export const template = (deps: Deps, actor: Actor, id: string): Promise<Template> =>
  found(deps, actor, id, "read");

/** One change with its audit entry; answers how many rows it changed. */
async function changed(
  deps: Deps,
  actor: Actor,
  { action, id, name, statement }: { action: string; id: string; name: string; statement: Statement<number> },
): Promise<number> {
  const { tenant } = actor;
  const entry = { action, object: { type: "deployment_template", id, detail: { deployment: { name } } } };
  const data = { ...byOf(actor), action, name };
  const told = { kind: EVENTS.templateChanged, tenant, subject: id, data };
  try {
    const [rows] = await deps
      .db(tenant)
      .batch([statement, addAuditIfChanged(actor, entry, deps.now()), addEventIfChanged(told, deps.now())]);
    return rows;
  } catch (cause) {
    if (!isUniqueViolation(cause, "deployment_templates.tenant_id, deployment_templates.name")) throw cause;
    throw new Fault("conflict", "there is already a template of this name", { cause });
  }
}

export async function createTemplate(deps: Deps, actor: Actor, wanted: NewTemplate): Promise<string> {
  const [id, { name }] = [newId(), wanted];
  const row = { tenant: actor.tenant, id, name, body: JSON.stringify(wanted.body), atMs: deps.now() };
  const made = await changed(deps, actor, { action: "create", id, name, statement: addTemplate(row) });
  if (made === 0) throw new Fault("conflict", `there are already ${MAX_TEMPLATES} templates`);
  return id;
}

export async function replaceTemplate(
  deps: Deps,
  actor: Actor,
  id: string,
  wanted: NewTemplate,
): Promise<void> {
  const { name } = wanted;
  const row = { tenant: actor.tenant, id, name, body: JSON.stringify(wanted.body), atMs: deps.now() };
  const rows = await changed(deps, actor, { action: "update", id, name, statement: setTemplate(row) });
  if (rows === 0) throw new Fault("not_found", "Resource not found");
}

export async function removeTemplate(deps: Deps, actor: Actor, id: string): Promise<void> {
  const statement = dropTemplate(actor.tenant, id);
  const rows = await changed(deps, actor, { action: "delete", id, name: "", statement });
  if (rows === 0) throw new Fault("not_found", "Resource not found");
}

/** Creates a deployment from a template; what the request says goes before what the template does. */
export async function deployTemplate(
  deps: Deps,
  actor: Actor,
  id: string,
  { use, idempotencyKey }: { use: Record<string, unknown>; idempotencyKey: string | undefined },
): Promise<Created> {
  const { body } = await found(deps, actor, id, "manage");
  return createDeployment(deps, actor, { ...wantedOf(merged(body, use)), idempotencyKey });
}

const WHOM = ["devices", "all_devices", "group", "filter_id"];

/** Whom it is for is said by one of the two only. */
function merged(body: Record<string, unknown>, use: Record<string, unknown>): Record<string, unknown> {
  const isSaid = WHOM.some((key) => Object.hasOwn(use, key));
  const kept = isSaid ? Object.entries(body).filter(([key]) => !WHOM.includes(key)) : Object.entries(body);
  return { ...Object.fromEntries(kept), ...use };
}
