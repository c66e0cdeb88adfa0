import { Fault, type FaultKind } from "../../platform/fault.ts";

type ScimType =
  | "invalidFilter"
  | "invalidValue"
  | "invalidPath"
  | "invalidSyntax"
  | "uniqueness"
  | "mutability"
  | "tooMany";

/** In the shape that identity providers read (RFC 7644, 3.12). */
export const errorBody = (status: number, detail: string, scimType?: string) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
  status: String(status),
  ...(scimType !== undefined && { scimType }),
  detail,
});

export const scimFault = (kind: FaultKind, detail: string, scimType?: ScimType) =>
  new Fault(kind, detail, { extra: { scimType } });

/** Any fault, as identity providers read it. */
export function errorOf({ status, publicMessage, detail }: Fault) {
  const told = detail.extra?.scimType;
  return errorBody(status, publicMessage, typeof told === "string" ? told : undefined);
}
