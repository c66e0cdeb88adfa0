import type { UserActor } from "../../platform/actor.ts";
import { addAuditIfChanged, type AuditEntry } from "../../platform/audit.ts";
import { refusalOf } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { newId } from "../../platform/ids.ts";
import { requireAllRights } from "../roles/giving.ts";
import { givingRights } from "../roles/roles.ts";
import { demandKnownRolesStatements } from "../roles/store.ts";
import { readOidc, type OidcDocument } from "./oidc-settings.ts";
import type { Content } from "./provider-content.ts";
import {
  addProviderStatement,
  demandOwnProvidersStatement,
  demandRoomForProviderStatement,
  providersStatement,
  providerStatement,
  removeProviderStatement,
  replaceProviderStatement,
  setMappingStatement,
  setServiceKeyStatement,
  SHARED_PROVIDERS,
  TOO_MANY_PROVIDERS,
  type Provider,
} from "./provider-store.ts";
import { NO_MAPPING, type Mapping } from "./schema.ts";
import { hasServiceKey, newServiceKey } from "./saml-key.ts";
import { readSaml } from "./saml-metadata.ts";

const MAX_PROVIDERS = 20;

export type SentDocument = { kind: "oidc"; oidc: OidcDocument } | { kind: "saml"; text: string };

const read = (
  deps: Deps,
  sent: SentDocument,
  before: Pick<Provider, "id" | "clientSecret">,
): Promise<Content> => (sent.kind === "oidc" ? readOidc(deps, sent.oidc, before) : readSaml(deps, sent.text));

const unknownProvider = () => new Fault("not_found", "there is no identity provider of this id");

const auditObject = ({ id }: Pick<Provider, "id">): AuditEntry["object"] => ({ type: "sso_provider", id });

const describe = ({ kind, issuer }: Content) => `${kind}: ${issuer === "" ? "no metadata yet" : issuer}`;

/** What is another tenant's can be used and not changed. */
async function ofOwn<T>(batch: Promise<T>, onShared: "conflict" | "forbidden" = "forbidden"): Promise<T> {
  try {
    return await batch;
  } catch (cause) {
    const refusal = refusalOf(cause);
    if (refusal === SHARED_PROVIDERS)
      throw new Fault(onShared, "single sign-on is managed by the service provider", { cause });
    if (refusal === TOO_MANY_PROVIDERS)
      throw new Fault("unprocessable", `a tenant has at most ${MAX_PROVIDERS} identity providers`, { cause });
    throw cause;
  }
}

export const listProviders = (deps: Deps, { tenant }: UserActor): Promise<Provider[]> =>
  deps.directory.one(providersStatement(tenant));

export async function getProvider(deps: Deps, { tenant }: UserActor, id: string): Promise<Provider> {
  const provider = await deps.directory.one(providerStatement(tenant, id));
  if (!provider) throw unknownProvider();
  return provider;
}

/**
 * A provider with a key of ours, which is made when our metadata are first asked for: before that nobody can encrypt for it. It
 * stays as long as it opens.
 */
export async function withServiceKey(deps: Deps, actor: UserActor, id: string): Promise<Provider> {
  const provider = await getProvider(deps, actor, id);
  if (provider.kind !== "saml" || (await hasServiceKey(deps, provider))) return provider;
  const made = { ...provider, serviceKey: await newServiceKey(deps, provider.id) };
  await deps.directory.one(setServiceKeyStatement(made, provider));
  return getProvider(deps, actor, id);
}

export async function createProvider(deps: Deps, actor: UserActor, sent: SentDocument): Promise<string> {
  requireAllRights(actor, "naming who vouches for users, and with which roles,");
  const at = deps.now();
  const id = newId();
  const content = await read(deps, sent, { id, clientSecret: null });
  const provider = {
    ...content,
    tenant: actor.tenant,
    id,
    mapping: NO_MAPPING,
    serviceKey: null,
    createdMs: at,
    updatedMs: at,
  };
  const entry = { action: "create", object: auditObject(provider), change: describe(content) };
  await ofOwn(
    deps.directory.batch([
      demandOwnProvidersStatement(actor.tenant),
      demandRoomForProviderStatement(actor.tenant, MAX_PROVIDERS),
      addProviderStatement(provider),
      addAuditIfChanged(actor, entry, at),
    ]),
    "conflict",
  );
  return id;
}

/** Puts another document in the place of one; its addresses, and what it maps, stay. */
export async function replaceProvider(
  deps: Deps,
  actor: UserActor,
  { id, sent }: { id: string; sent: SentDocument },
): Promise<void> {
  requireAllRights(actor, "naming who vouches for users, and with which roles,");
  const before = await getProvider(deps, actor, id);
  if (before.tenant !== actor.tenant)
    throw new Fault("forbidden", "single sign-on is managed by the service provider");
  const content = await read(deps, sent, before);
  const at = Math.max(deps.now(), before.updatedMs + 1);
  const entry = { action: "update", object: auditObject(before), change: describe(content) };
  const [replaced] = await deps.directory.batch([
    replaceProviderStatement({ ...before, ...content, updatedMs: at }),
    addAuditIfChanged(actor, entry, at),
  ]);
  if (replaced === 0) throw unknownProvider();
}

/** Removes a provider; whom it meant stays a user, who gets in by it no more. */
export async function removeProvider(deps: Deps, actor: UserActor, id: string): Promise<void> {
  const [, removed] = await ofOwn(
    deps.directory.batch([
      demandOwnProvidersStatement(actor.tenant),
      removeProviderStatement(actor.tenant, id),
      addAuditIfChanged(actor, { action: "delete", object: auditObject({ id }) }, deps.now()),
    ]),
  );
  if (removed === 0) throw unknownProvider();
}

export async function setMapping(
  deps: Deps,
  actor: UserActor,
  { id, mapping }: { id: string; mapping: Mapping },
): Promise<void> {
  requireAllRights(actor, "naming who vouches for users, and with which roles,");
  const given = [...new Set([...mapping.default_roles, ...Object.values(mapping.roles).flat()])];
  const entry = {
    action: "update",
    object: auditObject({ id }),
    change: `mapping: ${JSON.stringify(mapping)}`,
  };
  const [, set] = await givingRights(
    ofOwn(
      deps.directory.batch([
        demandOwnProvidersStatement(actor.tenant),
        setMappingStatement({ tenant: actor.tenant, id }, mapping),
        addAuditIfChanged(actor, entry, deps.now()),
        ...demandKnownRolesStatements(actor.tenant, given),
      ]),
    ),
  );
  if (set === 0) throw unknownProvider();
}
