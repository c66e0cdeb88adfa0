import { isSecretName } from "../../platform/secret-names.ts";

const SHOWN = 3;
const OMITTED = "...<omitted>";

/** Values as those may see them who may not configure: of secrets nothing, of others enough to recognise (protocol notes, deviceconfig 5). */
export function masked(value: unknown, name = ""): unknown {
  if (isSecretName(name)) return OMITTED;
  if (typeof value === "string") return value.length > SHOWN ? value.slice(0, SHOWN) + OMITTED : value;
  if (Array.isArray(value)) return value.map((member) => masked(member));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member, key)]));
}
