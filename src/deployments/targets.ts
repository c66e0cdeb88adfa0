/** A term of a device search; the filter of a deployment is made of them. */
export interface SearchTerm {
  scope: string;
  attribute: string;
  type: "$eq";
  value: string;
}

const ACCEPTED: SearchTerm = { scope: "identity", attribute: "status", type: "$eq", value: "accepted" };

/** Whom a deployment to a group, or to all, is for. */
export const scopeTerms = (group: string | undefined): SearchTerm[] =>
  group === undefined
    ? [ACCEPTED]
    : [ACCEPTED, { scope: "system", attribute: "group", type: "$eq", value: group }];

/** Each id once, in the order of the database, which compares bytes. */
export function sortedIds(ids: readonly string[]): string[] {
  const keyed = [...new Set(ids)].map((id) => ({ id, bytes: Buffer.from(id) }));
  return keyed.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ id }) => id);
}
