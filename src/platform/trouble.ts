import type { Statement } from "./database.ts";
import type { DeviceId, TenantId } from "./ids.ts";

/** Something that the server finds wrong with what a domain keeps. */
export interface Trouble {
  /** What it is about: its id. */
  object: string;
  /** If it is about a device, or about a deployment. */
  device?: DeviceId;
  deployment?: string;
  /** How wrong, in the unit of the threshold. */
  measure: number;
  text: string;
}

export interface TroubleWanted {
  threshold: number;
  nowMs: number;
  /** More than so many are not told at once. */
  limit: number;
}

/** Where a domain keeps what may be wrong; finds at most the limit, without looking through all there is. */
export type TroubleSource = (tenant: TenantId, wanted: TroubleWanted) => Statement<Trouble[]>;
