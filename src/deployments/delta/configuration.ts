import type { z } from "@hono/zod-openapi";
import { Fault } from "../../platform/fault.ts";
import type { DeploymentsConfiguration } from "./schema.ts";

/** Deltas are not generated: an installation says so as one of the original without the generator does. */
export const CONFIGURATION: z.output<typeof DeploymentsConfiguration> = { delta: { enabled: false } };

/** Of the only configuration there is. */
export const CONFIGURATION_ETAG = '"1"';

export const generationDisabled = () => new Fault("conflict", "delta generation is disabled");

export function refuseOtherTag(ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === CONFIGURATION_ETAG || ifMatch === "*") return;
  throw new Fault("precondition_failed", "the configuration has another entity tag");
}

export function refuseGeneration({ delta }: z.output<typeof DeploymentsConfiguration>): void {
  if (delta?.enabled) throw new Fault("bad_request", "deltas cannot be generated here");
}
