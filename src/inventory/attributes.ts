/** Value of an attribute: what devices may report, and booleans, which only the server itself sets. */
export type AttributeValue = string | number | boolean | string[] | number[];

/** An attribute as it comes in. */
export interface Attribute {
  name: string;
  value: AttributeValue;
  description?: string | undefined;
}

/** An attribute as it is stored: value, description, time of writing (tags only). Trailing parts are left out. */
export type StoredAttribute =
  | [value: AttributeValue]
  | [value: AttributeValue, description: string | null]
  | [value: AttributeValue, description: string | null, writtenMs: number];

/** All stored attributes of a device by key, in the order of writing. */
export type StoredAttributes = Record<string, StoredAttribute>;

/** What to change in stored attributes: new entries by key, null for what goes. */
export type AttributeDelta = Record<string, StoredAttribute | null>;

// oxlint-disable-next-line no-control-regex -- control characters are exactly what must not reach a JSON path
const ESCAPED = /["\\%\u0000-\u001f]/g;

/**
 * Text as it is stored and searched for: no halves of characters, which have no bytes, and no NUL, at which functions
 * of the database end a text. Both become the replacement character.
 */
export const cleanText = (text: string): string => text.toWellFormed().replaceAll("\0", "\u{FFFD}");

const percent = (character: string) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`;

const encoded = (text: string) => cleanText(text).replace(ESCAPED, percent);

/**
 * Key of an attribute in the database: scope, dash, name. A dash in a scope is encoded, so that a key reads back
 * unambiguously; so are the few characters that JSON would escape, so that it can be used in a JSON path as it is.
 */
export const keyOf = (scope: string, name: string): string =>
  `${encoded(scope).replaceAll("-", "%2d")}-${encoded(name)}`;

const decoded = (text: string) =>
  text.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

/** Scope and name of a key made by `keyOf`. */
export function nameOfKey(key: string): { scope: string; name: string } {
  const dash = key.indexOf("-");
  return { scope: decoded(key.slice(0, dash)), name: decoded(key.slice(dash + 1)) };
}

/** Path of a key's entry inside a device's stored attributes. */
export const entryPath = (key: string): string => `$."${key}"`;

/** Path of a key's value inside a device's stored attributes. */
export const valuePath = (key: string): string => `${entryPath(key)}[0]`;

/** The same by scope and name, for conditions of higher domains. */
export const attributePath = (scope: string, name: string): string => valuePath(keyOf(scope, name));

export const readStored = (text: string): StoredAttributes => JSON.parse(text) as StoredAttributes; // written as such by this domain only

/** Attributes as entries to store. Of several with one name the last stays. */
export function toStored(
  scope: string,
  attributes: readonly Attribute[],
  writtenMs?: number,
): StoredAttributes {
  const stored: StoredAttributes = {};
  for (const { name, value, description } of attributes) {
    const key = keyOf(scope, name);
    if (writtenMs !== undefined) stored[key] = [value, description ?? null, writtenMs];
    else stored[key] = description === undefined ? [value] : [value, description];
  }
  return stored;
}

export const keysOfScope = (stored: StoredAttributes, scope: string): string[] =>
  Object.keys(stored).filter((key) => key.startsWith(`${scope}-`));

/** What a scope holds after these attributes were added to it. */
export const mergedScope = (
  stored: StoredAttributes,
  scope: string,
  incoming: StoredAttributes,
): StoredAttributes => {
  const kept = Object.entries(stored).filter(([key]) => key.startsWith(`${scope}-`));
  return { ...Object.fromEntries(kept), ...incoming };
};

/** What is new or different in `incoming`; times of writing are not compared. */
export function changedEntries(stored: StoredAttributes, incoming: StoredAttributes): AttributeDelta {
  const delta: AttributeDelta = {};
  for (const [key, entry] of Object.entries(incoming)) {
    const old = stored[key];
    const same = old && sameValue(old[0], entry[0]) && (old[1] ?? null) === (entry[1] ?? null);
    if (!same) delta[key] = entry;
  }
  return delta;
}

/** Entries of the scope that `incoming` leaves out. */
export function goneEntries(
  stored: StoredAttributes,
  scope: string,
  incoming: StoredAttributes,
): AttributeDelta {
  const gone = keysOfScope(stored, scope).filter((key) => !(key in incoming));
  return Object.fromEntries(gone.map((key) => [key, null]));
}

const sameValue = (a: AttributeValue, b: AttributeValue): boolean =>
  Array.isArray(a) && Array.isArray(b)
    ? a.length === b.length && a.every((member, i) => member === b[i])
    : a === b;
