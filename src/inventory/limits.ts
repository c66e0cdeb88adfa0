import { Fault } from "../platform/fault.ts";
import { DATABASE } from "../platform/limits.ts";
import type { StoredAttributes } from "./attributes.ts";

export const MAX_IN_SCOPE = { inventory: 100, tags: 20 } as const;

/** Of one scope, so that what a device and its users write fits into its row together. */
export const MAX_SCOPE_CHARACTERS = 256 * 1024;

/** All attributes of a device, which lie in one row with what else is known of it. */
export const MAX_ATTRIBUTE_BYTES = DATABASE.valueBytes - 20_000;

/** Each member of a list is a row to search by. */
export const MAX_VALUES_IN_SCOPE = 2000;

export type LimitedScope = keyof typeof MAX_IN_SCOPE;

export const noRoom = (): Fault =>
  new Fault("bad_request", "the size of the attributes of the device is above the limit");

export const overLimit = (): Fault =>
  new Fault("bad_request", "the number of attributes in the scope is above the limit");

/** Refuses a scope with too many attributes (protocol notes, inventory 2) or with too much in them. */
export function requireRoom(scope: LimitedScope, attributes: StoredAttributes): void {
  if (Object.keys(attributes).length > MAX_IN_SCOPE[scope]) throw overLimit();
  const values = Object.values(attributes).reduce((sum, [value]) => sum + [value].flat().length, 0);
  if (values > MAX_VALUES_IN_SCOPE)
    throw new Fault("bad_request", "the number of values in the scope is above the limit");
  if (JSON.stringify(attributes).length > MAX_SCOPE_CHARACTERS)
    throw new Fault("bad_request", "the size of the attributes in the scope is above the limit");
}
