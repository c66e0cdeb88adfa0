import { z } from "@hono/zod-openapi";
import { Fault } from "../platform/fault.ts";
import { refuseInvalid } from "../platform/wire.ts";
import type { LinkVerdict } from "./links.ts";

/** What every signed link carries. */
export const linkQuery = z.object({
  "x-men-expire": z
    .string({ error: "cannot be blank" })
    .openapi({ description: "When the link ends", format: "date-time" }),
  "x-men-signature": z.string({ error: "cannot be blank" }),
});

export const binaryBody = {
  "application/vnd.mender-artifact": { schema: { type: "string" as const, format: "binary" } },
};

const header = z.string().optional();

/** What a request for bytes may say about the ones it has. */
export const conditionHeaders = z.object({
  range: header,
  "if-range": header,
  "if-match": header,
  "if-none-match": header,
  "if-modified-since": header,
  "if-unmodified-since": header,
});

const REFUSALS: Record<Exclude<LinkVerdict, "valid" | "lapsed">, string> = {
  expired: "URL expired",
  forged: "signature invalid",
};

export const refuseLink = (verdict: LinkVerdict): void => {
  if (verdict === "expired" || verdict === "forged") throw new Fault("forbidden", REFUSALS[verdict]);
};

const refuseParameters = refuseInvalid("invalid request parameters: ");

export const refuseBadParameters = (result: Parameters<typeof refuseParameters>[0]): undefined => {
  refuseParameters(result);
  return undefined;
};
