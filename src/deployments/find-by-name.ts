import { searchDeviceIds } from "../inventory/index.ts";
import type { Actor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { Page } from "../platform/paging.ts";
import { deployments, type DeploymentsWanted, type Listed } from "./queries.ts";
import type { DeploymentObject } from "./schema.ts";

export interface DeviceWord {
  id_attribute?: string | undefined;
  id_scope?: string | undefined;
}

const bad = (text: string) => new Fault("bad_request", text);

/** The attribute that identifies a device to the user (protocol notes, deployments 6). */
function attributeOf({ id_attribute: attribute, id_scope: scope }: DeviceWord) {
  if (attribute === undefined) {
    if (scope !== undefined) throw bad("id_scope requires id_attribute");
    return undefined;
  }
  if (scope !== undefined && scope !== "identity" && scope !== "tags") {
    throw bad(`invalid id_scope "${scope}": must be "identity" or "tags"`);
  }
  if (scope === "tags" && attribute !== "name") {
    throw bad(`id_scope "tags" only supports id_attribute "name", got "${attribute}"`);
  }
  return { attribute, scope: scope ?? (attribute === "name" ? "tags" : "identity") };
}

/**
 * Deployments by name; when none has one of the names, those of the device that the first name names, if an attribute
 * to look it up by is given.
 */
export async function deploymentsNamed(
  deps: Deps,
  actor: Actor,
  wanted: DeploymentsWanted,
  word: DeviceWord,
  page: Page,
): Promise<Listed<DeploymentObject>> {
  const attribute = attributeOf(word);
  const [name] = wanted.names ?? [];
  const named = await deployments(deps, actor, wanted, page);
  if (named.total > 0 || !attribute || name === undefined) return named;
  const [device] = await searchDeviceIds(deps, actor.tenant, [{ ...attribute, type: "$eq", value: name }], {
    limit: 1,
  });
  if (device === undefined) return named;
  return deployments(deps, actor, { ...wanted, names: undefined, device }, page);
}
