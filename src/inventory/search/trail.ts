import type { AnyTerm, Term } from "./terms.ts";
import { ID_KEY } from "./terms.ts";
import type { Trailed } from "./query.ts";

/** In which order the devices that a search may find are gone through, a slice at a time. */
export type Trail =
  /** Every device, by id. */
  | { kind: "devices" }
  /** The devices with one value, by id. */
  | { kind: "value"; term: Term }
  /** Along the values of an attribute that satisfy the term; all of them without one. */
  | { kind: "values"; key: string; bounds: Term | undefined }
  /** The devices with each of some values in turn. */
  | { kind: "listed"; term: AnyTerm };

const isListed = (term: Term): term is AnyTerm =>
  term.kind === "any" && !term.negated && term.values.every((value) => typeof value !== "boolean");

/** The trail along which what a driver finds is met. Places are looked for on every device. */
export function trailOf(driver: Trailed): Trail {
  if (driver.kind === "devices") return driver;
  const { term } = driver;
  if (driver.kind === "value") return { kind: "value", term };
  if (term.key === ID_KEY || term.kind === "place" || term.kind === "either") return { kind: "devices" };
  if (term.kind !== "any") return { kind: "values", key: term.key, bounds: term };
  return isListed(term) ? { kind: "listed", term } : { kind: "devices" };
}
