/** What the server itself looks for. */
export const SERVER_KINDS = ["silent", "configuration", "deployment", "limit", "expiry", "receiver"] as const;

export type ServerKind = (typeof SERVER_KINDS)[number];

/** Beside those, what devices tell of themselves. */
export const RULE_KINDS = [...SERVER_KINDS, "device"] as const;

export type RuleKind = (typeof RULE_KINDS)[number];

/** Kinds that are about devices, which a group may have another rule for. */
const OF_DEVICES: readonly RuleKind[] = ["silent", "configuration", "device"];

export const isOfDevices = (kind: RuleKind): boolean => OF_DEVICES.includes(kind);

export type Level = "WARNING" | "CRITICAL";

export interface Rule {
  enabled: boolean;
  /** Whether mails are sent. */
  mail: boolean;
  level: Level;
  threshold: number;
}

interface RuleOfKind extends Rule {
  /** Of thresholds. */
  least: number;
  most: number;
  unit: string;
}

const usual = { enabled: true, mail: true } as const;

/** What holds where a tenant says nothing, and what it can say. */
export const RULES: Readonly<Record<RuleKind, RuleOfKind>> = {
  silent: { ...usual, level: "CRITICAL", threshold: 3, least: 2, most: 100, unit: "times the usual silence" },
  configuration: { ...usual, level: "WARNING", threshold: 24, least: 1, most: 720, unit: "hours" },
  deployment: { ...usual, level: "CRITICAL", threshold: 20, least: 1, most: 100, unit: "percent" },
  limit: { ...usual, level: "WARNING", threshold: 90, least: 1, most: 100, unit: "percent" },
  expiry: { ...usual, level: "WARNING", threshold: 14, least: 1, most: 90, unit: "days" },
  receiver: { ...usual, level: "CRITICAL", threshold: 30, least: 1, most: 10_000, unit: "failures in a row" },
  device: { ...usual, level: "CRITICAL", threshold: 1, least: 1, most: 1, unit: "" },
};

export interface StoredRule extends Rule {
  kind: RuleKind;
  /** Empty for devices of every group. */
  group: string;
}

/** The rules of a tenant. */
export class Rules {
  readonly #stored: readonly StoredRule[];

  constructor(stored: readonly StoredRule[]) {
    this.#stored = stored;
  }

  /** The rule for a device of this group, or for what is about no device. */
  of(kind: RuleKind, group: string | null = null): Rule {
    const named = (name: string) => this.#stored.find((rule) => rule.kind === kind && rule.group === name);
    return (group ? named(group) : undefined) ?? named("") ?? RULES[kind];
  }

  /** The threshold that finds everything that any rule of the kind asks for; undefined if none does. */
  widest(kind: ServerKind): number | undefined {
    const asked = [this.of(kind), ...this.#stored.filter((rule) => rule.kind === kind)]
      .filter(({ enabled }) => enabled)
      .map(({ threshold }) => threshold);
    if (asked.length === 0) return undefined;
    return kind === "expiry" ? Math.max(...asked) : Math.min(...asked);
  }
}

/** Whether something is as wrong as a rule asks for: of what ends, less is worse. */
export const isBeyond = (kind: ServerKind, measure: number, { enabled, threshold }: Rule): boolean =>
  enabled && (kind === "expiry" ? measure <= threshold : measure >= threshold);

/** What no mails are sent about; what is null stands for all. */
export interface Mute {
  device_id: string | null;
  group_name: string | null;
  subject: string | null;
  until_ms: number | null;
}

export interface Mutable {
  device: string | null;
  group: string | null;
  /** Of a device's alert what it is about, of the server's own its kind. */
  subject: string;
}

export const isMuted = (
  mutes: readonly Mute[],
  { device, group, subject }: Mutable,
  nowMs: number,
): boolean =>
  mutes.some(
    (mute) =>
      (mute.until_ms === null || mute.until_ms > nowMs) &&
      (mute.device_id === null || mute.device_id === device) &&
      (mute.group_name === null || mute.group_name === group) &&
      (mute.subject === null || mute.subject === subject),
  );
