/** Value of an attribute: what devices may report, and booleans, which only the server itself sets. */
export type AttributeValue = string | number | boolean | string[] | number[];

/** An attribute as it is stored: value, description, time of writing (tags only). Trailing parts are left out. */
export type StoredAttribute = [value: AttributeValue, description?: string | null, writtenMs?: number];

/** All stored attributes of a device by key, in the order of writing. */
export type StoredAttributes = Record<string, StoredAttribute>;

/**
 * Key of an attribute in the database: scope, dash, name. Scopes have no dash, so it reads back unambiguously.
 * The few characters that JSON would escape are percent-encoded, so that a key can be used in a JSON path as it is.
 */
export const keyOf = (scope: string, name: string): string => `${scope}-${name.replace(ESCAPED, percent)}`;

// oxlint-disable-next-line no-control-regex -- control characters are exactly what must not reach a JSON path
const ESCAPED = /["\\%\u0000-\u001f]/g;

const percent = (character: string) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`;

/** Scope and name of a key made by `keyOf`. */
export function nameOfKey(key: string): { scope: string; name: string } {
  const dash = key.indexOf("-");
  const name = key
    .slice(dash + 1)
    .replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return { scope: key.slice(0, dash), name };
}

/** Path of a key's value inside a device's stored attributes. */
export const valuePath = (key: string): string => `$."${key}"[0]`;
