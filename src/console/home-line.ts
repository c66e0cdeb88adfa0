export const KINDS = [
  "deployment_halted",
  "deployment_failing",
  "alerts_open",
  "devices_silent",
  "integrations_failing",
  "limit_near",
  "expiring",
  "devices_pending",
  "deployment_paused",
] as const;

/** Something that wants somebody's hand: how much of it, since when, and where it is dealt with. */
export interface Line {
  kind: (typeof KINDS)[number];
  count: number;
  /** What it is about, where it is one thing. */
  name?: string;
  reason?: string;
  since_ts?: string;
  href: string;
}
