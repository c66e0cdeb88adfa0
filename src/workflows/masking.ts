import { isSecretName as isSecret } from "../platform/secret-names.ts";

export const MASK = "***";

/** A configuration may hold secrets of any name. */
export const isSecretName = (name: string): boolean => isSecret(name) || /configuration/i.test(name);

/** The value as answers may show it: what stands under the name of a secret is gone, at any depth. */
export function masked(value: unknown, name = ""): unknown {
  if (isSecretName(name) && value !== null && value !== "") return MASK;
  if (Array.isArray(value)) return value.map((member) => masked(member));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member, key)]));
}

/** A JSON text with its secrets masked; any other text as it is. */
export function maskedText(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(masked(JSON.parse(text)));
  } catch {
    return text;
  }
}

/** An address without the values of its secret query parameters and without the user part. */
export const maskedUri = (uri: string): string =>
  uri
    .replace(/^(\w+:\/\/)[^/@]*@/, `$1${MASK}@`)
    .replaceAll(/([?&]([^=&#]+)=)([^&#]*)/g, (whole, start: string, name: string) =>
      isSecretName(name) ? start + MASK : whole,
    );

const MIN_SECRET_LENGTH = 6;

/** Takes the values of the operator's variables out of a text: they are where secrets of definitions belong. */
export function withoutVariables(text: string, variables: Readonly<Record<string, string>>): string {
  let shown = text;
  for (const value of Object.values(variables)) {
    if (value.length >= MIN_SECRET_LENGTH) shown = shown.replaceAll(value, MASK);
  }
  return shown;
}
