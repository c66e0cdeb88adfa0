import type { components } from "../api/schema.d.ts";
import { plain } from "./text.ts";
import type { Tone } from "./state.tsx";

export type InventoryDevice = components["schemas"]["InventoryDevice"];
export type Attribute = components["schemas"]["Attribute"];

export const attribute = (
  { attributes }: { attributes?: Attribute[] | undefined },
  scope: string,
  name: string,
): Attribute | undefined => attributes?.find((one) => one.scope === scope && one.name === name);

export const valueText = (value: Attribute["value"] | undefined): string =>
  value === undefined ? "" : plain(Array.isArray(value) ? value.join(", ") : String(value));

/** Of its identity, but what the server itself adds. */
const ADDED = new Set(["status", "id"]);

/** What people call a device: its tag `name`, else what it is known by, else its id. */
export function deviceName(device: { id: string; attributes?: Attribute[] | undefined }): string {
  const tag = valueText(attribute(device, "tags", "name")?.value);
  if (tag !== "") return tag;
  const identity = device.attributes?.find(({ scope, name }) => scope === "identity" && !ADDED.has(name));
  return identity ? valueText(identity.value) : device.id;
}

const TONES: Readonly<Record<string, Tone>> = {
  accepted: "good",
  pending: "warn",
  rejected: "bad",
  preauthorized: "busy",
};

export const statusTone = (status: string): Tone => TONES[status] ?? "idle";
