import { DEVICE_GONE, demandDevicesStatement } from "../devices/index.ts";
import { configurationDeploymentStatements, maskedConfiguration } from "../deployments/index.ts";
import { savedFilterStatement, searchDeviceIds, type Predicate } from "../inventory/index.ts";
import type { EventHandler } from "../platform/background.ts";
import type { Actor } from "../platform/actor.ts";
import { addAudit, addAuditIfChanged } from "../platform/audit.ts";
import { refusalOf, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asDeviceId, newId, stableId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { addEvent, addEventIfChanged, forgetEvent, type Event } from "../platform/outbox.ts";
import { MEMBERS_EVENT } from "./events.ts";
import { defaultsOf, type Source } from "./defaults-store.ts";
import { noDefaults, sourceObject } from "./defaults.ts";
import { effectiveOf, isInSync, type Effective } from "./effective.ts";
import { MembersRun, tooManyValues, type ConfigurationValues } from "./schema.ts";
import { setDeploymentIfChanged } from "./store.ts";

export interface DeployOptions {
  retries: number;
  updateControlMap?: Record<string, unknown> | undefined;
  /** Of the deployment; asked for twice, it is made once. */
  id?: string;
}

interface DeviceDeployment extends DeployOptions {
  id: string;
  device: DeviceId;
  values: ConfigurationValues;
  atMs: number;
}

/** A deployment of these values and its note in the device's record, if there is none of that id yet. */
const deploymentStatements = (
  actor: Actor,
  { values, ...wanted }: DeviceDeployment,
): Statement<unknown>[] => [
  ...configurationDeploymentStatements(actor, {
    ...wanted,
    name: `configuration-${wanted.id}`,
    configuration: values,
  }),
  setDeploymentIfChanged(actor.tenant, wanted.device, wanted.id),
];

/**
 * Deploys what is wanted of a device as it is now: deployment, record and audit entry are one batch, which fails if the
 * device is gone by then. Returns the deployment's id.
 */
export async function deployConfiguration(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
  options: DeployOptions,
): Promise<string> {
  const { tenant } = actor;
  const effective = (await effectiveOf(deps, tenant, [device])).get(device);
  if (!effective) throw new Fault("not_found", "device does not exist");
  const { values } = effective;
  const surplus = tooManyValues(values);
  if (surplus !== undefined) throw new Fault("bad_request", `invalid request parameters: ${surplus}`);
  const atMs = deps.now();
  const id = options.id ?? newId();
  const entry = {
    action: "deploy_configuration",
    object: { type: "device", id: device },
    change: JSON.stringify(maskedConfiguration(values)),
  };
  await write(deps, tenant, [
    demandDevicesStatement(tenant, [device]),
    ...deploymentStatements(actor, { ...options, id, device, values, atMs }),
    addAuditIfChanged(actor, entry, atMs),
  ]);
  return id;
}

async function write(deps: Deps, tenant: TenantId, statements: Statement<unknown>[]): Promise<void> {
  try {
    await deps.db(tenant).batch(statements);
  } catch (cause) {
    if (refusalOf(cause) === DEVICE_GONE) throw new Fault("not_found", "device does not exist", { cause });
    throw cause;
  }
}

/** The deployments of a run's first page, and whether more pages follow. */
export interface StartedRun {
  deployments: { device_id: string; deployment_id: string }[];
  more: boolean;
}

/** Ids of deployments follow from the run and the device, so that they can be told before they are made. */
const deploymentOf = (run: string, device: DeviceId): string => stableId(`${run}/${device}`);

/** Has what is wanted of them deployed to all members that do not report it yet; tells the first of their deployments. */
export async function deployToMembers(
  deps: Deps,
  actor: Actor,
  source: Source,
  { retries }: { retries: number },
): Promise<StartedRun> {
  const { tenant } = actor;
  if (!(await deps.db(tenant).one(defaultsOf(tenant, source)))) throw noDefaults(source);
  const terms = await memberTerms(deps, tenant, source);
  const members = terms ? await searchDeviceIds(deps, tenant, terms, { limit: MEMBERS_PAGE }) : [];
  const behind = [...(await effectiveOf(deps, tenant, members))].filter(
    ([, effective]) => !isInSync(effective) && tooManyValues(effective.values) === undefined,
  );
  const [run, atMs] = [newId(), deps.now()];
  const data = { source: source.kind, id: source.id, retries };
  const entry = { action: "deploy_configuration", object: sourceObject(source) };
  await deps
    .db(tenant)
    .batch([
      addEvent({ kind: MEMBERS_EVENT, tenant, subject: run, data }, atMs),
      addAudit(actor, entry, atMs),
    ]);
  const deployments = behind.map(([device]) => ({
    device_id: device,
    deployment_id: deploymentOf(run, device),
  }));
  return { deployments, more: members.length === MEMBERS_PAGE };
}

/** A page stays well within the statements that one invocation may make. */
const MEMBERS_PAGE = 50;

const ACCEPTED: Predicate = { scope: "identity", attribute: "status", type: "$eq", value: "accepted" };

async function memberTerms(
  deps: Deps,
  tenant: TenantId,
  { kind, id }: Source,
): Promise<Predicate[] | undefined> {
  if (kind === "group") return [ACCEPTED, { scope: "system", attribute: "group", type: "$eq", value: id }];
  const filter = await deps.db(tenant).one(savedFilterStatement(tenant, id));
  return filter && [ACCEPTED, ...filter.terms];
}

/**
 * Deploys to one page of members and leaves an event for the next. The id of a deployment follows from run and device,
 * so that a page that comes twice makes nothing twice.
 */
export const deployToPage: EventHandler = async (deps, event) => {
  const { tenant, subject: run } = event;
  const { source: kind, id, retries, after } = MembersRun.parse(event.data);
  const terms = await memberTerms(deps, tenant, { kind, id });
  if (!terms) return;
  const window = { limit: MEMBERS_PAGE, ...(after !== undefined && { after: asDeviceId(after) }) };
  const members = await searchDeviceIds(deps, tenant, terms, window);
  const behind = [...(await effectiveOf(deps, tenant, members))].filter(
    ([, effective]) => !isInSync(effective),
  );
  const atMs = deps.now();
  const deployments = behind.flatMap(([device, effective]) =>
    usable(deps, device, effective)
      ? deploymentStatements(
          { kind: "system", tenant },
          {
            id: deploymentOf(run, device),
            device,
            values: effective.values,
            retries,
            atMs,
          },
        )
      : [],
  );
  const last = members.length < MEMBERS_PAGE ? undefined : members.at(-1);
  const next: Event = {
    kind: MEMBERS_EVENT,
    tenant,
    subject: run,
    data: { source: kind, id, retries, after: last },
  };
  // If a device went away meanwhile, the message comes again and finds the others.
  await deps.db(tenant).batch([
    demandDevicesStatement(
      tenant,
      behind.map(([device]) => device),
    ),
    ...deployments,
    forgetEvent(event),
    // Of two deliveries one goes on.
    ...(last === undefined ? [] : [addEventIfChanged(next, atMs)]),
  ]);
};

function usable(deps: Deps, device: DeviceId, { values }: Effective): boolean {
  const surplus = tooManyValues(values);
  if (surplus !== undefined) deps.log.error("configuration not deployed", { device, reason: surplus });
  return surplus === undefined;
}
