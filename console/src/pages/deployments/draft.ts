import type { components } from "../../api/schema.d.ts";

type Wanted = components["schemas"]["NewDeployment"];
type Plan = Pick<Wanted, "phases" | "rollout">;

export type Who = "all" | "group" | "filter" | "list";
export type How = "once" | "phases" | "rule";

/** What the form holds. Texts are as they were typed. */
export interface Draft {
  name: string;
  release: string;
  who: Who;
  group: string;
  filter: string;
  devices: string;
  how: How;
  shares: string;
  hours: string;
  canary: string;
  unit: "percent" | "devices";
  haltPercent: string;
  judge: boolean;
  start: string;
  retry: boolean;
  force: boolean;
}

/** Halts at this share of failures, with at least so many results. */
const HALT_PERCENT = 5;
const HALT_RESULTS = 5;
const HOUR_MS = 3_600_000;
/** For canaries by percent, whose number nobody knows beforehand. */
const CANARY_WAIT_S = 3600;

export const emptyDraft = (given: Partial<Draft>): Draft => ({
  name: "",
  release: "",
  who: "all",
  group: "",
  filter: "",
  devices: "",
  how: "rule",
  shares: "10, 40",
  hours: "24",
  canary: "10",
  unit: "devices",
  haltPercent: String(HALT_PERCENT),
  judge: true,
  start: "",
  retry: true,
  force: false,
  ...given,
});

const numbersOf = (text: string): number[] =>
  text
    .split(/[^\d.]+/)
    .filter((part) => part !== "")
    .map(Number);

export const idsOf = (text: string): string[] => text.split(/[\s,;]+/).filter((part) => part !== "");

const time = (ms: number): string => new Date(ms).toISOString();

function byPhases({ shares, hours, start }: Draft, nowMs: number): Plan {
  const first = start ? new Date(start).getTime() : nowMs;
  const sizes = numbersOf(shares);
  const startOf = (index: number) =>
    index === 0 && !start ? {} : { start_ts: time(first + index * Number(hours) * HOUR_MS) };
  return {
    phases: [...sizes.map((size, index) => ({ batch_size: size, ...startOf(index) })), startOf(sizes.length)],
  };
}

/** Some first; the others when half of those told, and nearly all of them that it is good. A small fleet is never all canaries. */
function byRule(draft: Draft, total: number | undefined): Plan {
  const { unit, start, judge } = draft;
  const halt = Number(draft.haltPercent) || HALT_PERCENT;
  const wanted = Number(draft.canary) || 1;
  const canaries = Math.min(wanted, Math.max(1, Math.floor((total ?? 0) / 2)));
  const begin = start ? { start_ts: time(new Date(start).getTime()) } : {};
  const isMany = total !== undefined && total > 1;
  const first = unit === "devices" ? { batch_size_devices: canaries } : { batch_size: wanted };
  const gate =
    unit === "devices"
      ? { phase: 2, success: { percent: 100 - halt, results: Math.ceil(canaries / 2) } }
      : { phase: 2, after_s: CANARY_WAIT_S };
  return {
    phases: isMany ? [{ ...first, ...begin }, {}] : [begin],
    rollout: {
      order: "hash",
      ...(isMany && { gates: [gate] }),
      stop: [{ percent: halt, results: HALT_RESULTS }],
      on_stop: { action: "pause" },
      ...(judge && { judge: {} }),
    },
  };
}

function planOf(draft: Draft, total: number | undefined, nowMs: number): Plan {
  if (draft.how === "rule") return byRule(draft, total);
  if (draft.how === "phases") return byPhases(draft, nowMs);
  return draft.start ? { phases: [{ start_ts: time(new Date(draft.start).getTime()) }] } : {};
}

/** What is asked of the server, without for whom. `total` is how many devices there are, where that is known. */
export const bodyOfDraft = (draft: Draft, total: number | undefined, nowMs: number) => ({
  name: draft.name || draft.release,
  artifact_name: draft.release,
  retries: draft.retry ? 1 : 0,
  ...(draft.force && { force_installation: true }),
  ...planOf(draft, total, nowMs),
});
