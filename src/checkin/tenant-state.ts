import { Content } from "./content.ts";
import type { Digest } from "./digest.ts";
import { KeptReports } from "./kept-reports.ts";
import type { CheckMode } from "./rate.ts";
import { Untold } from "./untold.ts";

export const NEVER = Number.NEGATIVE_INFINITY;

/** What an isolate knows of a tenant. All of it may vanish at any moment. */
export class TenantState {
  mode: CheckMode = "strict";
  digest: Digest | undefined;
  /** When the visit began that brought the digest. */
  askedMs = NEVER;
  /** The head is left alone until then. */
  awayUntilMs = NEVER;
  /** The one visit under way. */
  visit: Promise<void> | undefined;
  checks = 0;
  /** Those of them that had nothing to do, whose use nobody else counts. */
  idle = 0;
  readonly untold = new Untold();
  readonly content = new Content();
  readonly kept = new KeptReports();
  /** When the head was told of contacts last, and when it will be. */
  toldMs = NEVER;
  dueMs = NEVER;
}
