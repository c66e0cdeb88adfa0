import { createHash } from "node:crypto";

/** Ids that are easy to swap are different types; only the parsing edge and the stores make them. */
export type TenantId = string & { readonly __id: "tenant" };
export type DeviceId = string & { readonly __id: "device" };
export type UserId = string & { readonly __id: "user" };

/** The tenant of devices and operators that name none. */
export const DEFAULT_TENANT = "default" as TenantId; // the one constant id

export const asTenantId = (text: string) => text as TenantId; // branding is all there is to do
export const asDeviceId = (text: string) => text as DeviceId; // branding is all there is to do
export const asUserId = (text: string) => text as UserId; // branding is all there is to do

export const newId = (): string => crypto.randomUUID();

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isUuid = (text: string): boolean => UUID.test(text);

/** A UUID that is always the same for the same text. */
export function stableId(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * A UUID that sorts by the time it was made (version 7, RFC 9562). Rows of a table with such keys come one behind the other, so
 * that its pages are full.
 */
export function newOrderedUuid(atMs: number): string {
  const time = atMs.toString(16).padStart(12, "0").slice(-12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${newId().slice(15)}`;
}

// Only keeps ids of one millisecond in the order they were made; losing it loses nothing else.
let sequence = 0;

/** An id that sorts by the time it was made: 12 hex digits of milliseconds, 4 of a counter, 64 random bits. */
export function newSortableId(atMs: number): string {
  sequence = (sequence + 1) % 0x10000;
  const random = crypto.getRandomValues(new Uint8Array(8));
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return atMs.toString(16).padStart(12, "0") + sequence.toString(16).padStart(4, "0") + hex;
}
