import { stableId } from "../platform/ids.ts";
import type { AlertValue } from "./schema.ts";

/** The last alert of a subject. */
export interface Latest {
  subject: string;
  id: string;
  level: string;
  atMs: number;
  receivedMs: number;
  alert: AlertValue;
  changes: number;
  changesSinceMs: number;
  /** The level that the world knows it by, where that is another. */
  told: string | null;
}

/** What is known of a device before a batch. */
export interface Known {
  revision: number;
  alertsLeft: number;
  mailsLeft: number;
  countedMs: number;
  folded: number;
  /** Subjects that the device has, of which `latest` has those of the batch. */
  subjects: number;
  latest: ReadonlyMap<string, Pick<Latest, "level" | "changes" | "changesSinceMs" | "told">>;
  /** Alerts of the batch that came before. */
  ids: ReadonlySet<string>;
}

export interface KeptAlertRow {
  id: string;
  atMs: number;
  alert: AlertValue;
}

/** Why users get a mail: an alert, one that stands for many changes, or that more came than is kept. */
export type MailReason = "alert" | "flapping" | "flood";

export interface Folded {
  kept: KeptAlertRow[];
  latest: Latest[];
  /** Of these, what the world is told of. */
  told: Latest[];
  mails: { alert: string; reason: MailReason }[];
  state: Pick<Known, "alertsLeft" | "mailsLeft" | "countedMs" | "folded">;
}

const MINUTE_MS = 60_000;

/** Alerts of one device that are kept: so many at once, then one a minute. Beyond, only the last of each subject is. */
export const ALERTS_AT_ONCE = 500;
const ALERTS_A_MINUTE = 1;

/** Mails about one device: so many at once, then one in three minutes. */
export const MAILS_AT_ONCE = 20;
const MAILS_A_MINUTE = 1 / 3;

/** Things that one device watches. */
export const MAX_SUBJECTS = 500;

/** A subject that changes its level more often within this time is told of once more, and then not before it rests. */
export const FLAPPING_CHANGES = 6;
export const FLAPPING_MS = 10 * MINUTE_MS;

/** How far the clock of a device may be off to be believed: alerts are kept while a device is offline. */
const OLDEST_MS = 30 * 86_400_000;
const AHEAD_MS = 10 * MINUTE_MS;

/** By the clock of the device, where that can be. */
function timeOf({ timestamp }: AlertValue, nowMs: number): number {
  const atMs = Date.parse(timestamp);
  return atMs > nowMs - OLDEST_MS && atMs < nowMs + AHEAD_MS ? atMs : nowMs;
}

/** The name alone: the end of trouble may be told with another type. */
export const subjectOf = ({ subject }: AlertValue): string => subject.name;

/** The same alert has the same id, so that a device may send it again. */
export const idOf = (device: string, alert: AlertValue): string =>
  stableId(JSON.stringify([device, subjectOf(alert), alert.level, alert.timestamp, alert.name]));

const refilled = (left: number, perMinute: number, most: number, passedMs: number): number =>
  Math.min(most, left + (Math.max(0, passedMs) / MINUTE_MS) * perMinute);

/** Mails that are left after a time. */
export const mailsAfter = (left: number, passedMs: number): number =>
  refilled(left, MAILS_A_MINUTE, MAILS_AT_ONCE, passedMs);

/** The level by which the world knows a subject. */
const levelKnown = (before: Pick<Latest, "level" | "told"> | undefined): string =>
  before?.told ?? before?.level ?? "OK";

/** It went up and down for more often than is told, and has not rested since. */
const isFlapping = (before: Pick<Latest, "changes" | "changesSinceMs"> | undefined, nowMs: number): boolean =>
  before !== undefined && before.changes > FLAPPING_CHANGES && nowMs - before.changesSinceMs <= FLAPPING_MS;

/** What a batch makes of what is known, alert by alert in its order. */
export function fold(device: string, known: Known, batch: readonly AlertValue[], nowMs: number): Folded {
  const passedMs = nowMs - known.countedMs;
  let alertsLeft = refilled(known.alertsLeft, ALERTS_A_MINUTE, ALERTS_AT_ONCE, passedMs);
  let mailsLeft = mailsAfter(known.mailsLeft, passedMs);
  const isFlooding = alertsLeft < 1;
  let { folded, subjects } = known;
  const seen = new Set(known.ids);
  const latest = new Map<string, Latest>();
  const kept: KeptAlertRow[] = [];
  const mails: Folded["mails"] = [];
  const mail = (alert: string, reason: MailReason) => {
    if (mailsLeft >= 1) mails.push({ alert, reason });
    mailsLeft = Math.max(0, mailsLeft - 1);
  };
  for (const alert of batch) {
    const id = idOf(device, alert);
    if (seen.has(id)) continue;
    seen.add(id);
    const subject = subjectOf(alert);
    const before = latest.get(subject) ?? known.latest.get(subject);
    if (!before && subjects >= MAX_SUBJECTS) {
      folded += 1;
      continue;
    }
    if (!before) subjects += 1;
    const isKept = alertsLeft >= 1;
    if (isKept) {
      alertsLeft -= 1;
      kept.push({ id, atMs: timeOf(alert, nowMs), alert });
      if (alertsLeft < 1) mail(id, "flood");
    } else folded += 1;
    const isNews = before?.level !== alert.level;
    const rests = !before || nowMs - before.changesSinceMs > FLAPPING_MS;
    const changes = (rests ? 0 : before.changes) + (isNews ? 1 : 0);
    if (isNews && isKept && changes <= FLAPPING_CHANGES + 1)
      mail(id, changes > FLAPPING_CHANGES ? "flapping" : "alert");
    const first = known.latest.get(subject);
    const knownAs = levelKnown(first);
    // Trouble is told at once, and that it is over once it rests.
    const isHeld = isFlooding || isFlapping(first, nowMs);
    latest.set(subject, {
      subject,
      id,
      level: alert.level,
      atMs: timeOf(alert, nowMs),
      receivedMs: nowMs,
      alert,
      changes,
      changesSinceMs: rests ? nowMs : before.changesSinceMs,
      told: isHeld && alert.level !== knownAs && knownAs !== "OK" ? knownAs : null,
    });
  }
  const state = { alertsLeft, mailsLeft, countedMs: nowMs, folded };
  const all = [...latest.values()];
  const isTold = ({ subject, level, told }: Latest) =>
    told === null && level !== levelKnown(known.latest.get(subject));
  return { kept, latest: all, told: all.filter(isTold), mails, state };
}

/** Of a device that was not heard of. */
export const UNKNOWN: Omit<Known, "latest" | "ids" | "countedMs"> = {
  revision: 0,
  alertsLeft: ALERTS_AT_ONCE,
  mailsLeft: MAILS_AT_ONCE,
  folded: 0,
  subjects: 0,
};
