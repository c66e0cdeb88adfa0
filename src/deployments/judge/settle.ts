import type { Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { tallyWatched, valuesOf, type DueWatch } from "../store/watches.ts";
import type { Share } from "./past.ts";
import type { Members } from "./members.ts";
import { ALERTS, SILENCE } from "./schema.ts";
import type { Settled } from "./watched.ts";

/**
 * Who is silent at the end of a watch may come back, and who has an alert may take it back. Both are looked at once more, as
 * long after the watch as it took: that a release is well is told by what lasts, and what does not is counted no more.
 */

const SETTLED = [SILENCE, ALERTS] as const;

type SettledMeasure = (typeof SETTLED)[number];

const isSettledLater = (measure: string): measure is SettledMeasure => SETTLED.some((one) => one === measure);

type Sides = Record<"updated" | "others", string[]>;

/** What a watch left to be looked at again. */
export interface Unsettled {
  atMs: number;
  /** Of the watch: who was heard of since is not silent. */
  fromMs: number;
  /** Alerts count that came since. */
  sinceMs: number;
  kinds: {
    type: string;
    group: string | null;
    devices: Record<"updated" | "others", number>;
    bad: Record<SettledMeasure, Sides>;
  }[];
}

const SIDES = ["updated", "others"] as const;

export const unsettled = (
  { atMs, fromMs, sinceMs }: { atMs: number; fromMs: number; sinceMs: number },
  kinds: readonly Members[],
  isBad: Record<SettledMeasure, (device: string) => boolean>,
): string => {
  const sides = (of: Members, is: (device: string) => boolean): Sides => ({
    updated: of.updated.filter(is),
    others: of.others.filter(is),
  });
  const left: Unsettled = {
    atMs,
    fromMs,
    sinceMs,
    kinds: kinds.map((of) => ({
      type: of.type,
      group: of.group,
      devices: { updated: of.updated.length, others: of.others.length },
      bad: { silence: sides(of, isBad.silence), alerts: sides(of, isBad.alerts) },
    })),
  };
  return JSON.stringify(left);
};

const leftBy = ({ settling }: DueWatch): Unsettled | undefined =>
  settling === null ? undefined : (JSON.parse(settling) as Unsettled); // written by `unsettled`

/** When what the last watch left may be settled; nothing if it left nothing. */
export const settlesMs = (row: DueWatch): number | undefined => {
  const left = leftBy(row);
  return left && left.atMs + row.horizon_s * 1000;
};

/** What is known by now of those that the last watch left. */
export interface Settling {
  of: (measure: string) => Settled[];
  tally: Statement<unknown>[];
}

export const NOTHING_SETTLED: Settling = { of: () => [], tally: [] };

export async function settle(deps: Deps, row: DueWatch): Promise<Settling> {
  const left = leftBy(row);
  if (!left) return NOTHING_SETTLED;
  const db = deps.db(row.tenant_id);
  const bad = left.kinds.flatMap((kind) =>
    SETTLED.flatMap((measure) => SIDES.flatMap((side) => kind.bad[measure][side])),
  );
  const devices = [...new Set(bad)];
  const [present, alerted] = await db.batch([
    valuesOf(row.tenant_id, devices, []),
    deps.participants.alertedSince(row.tenant_id, devices, left.sinceMs),
  ]);
  const rhythms = devices.length === 0 ? {} : await deps.contacts.rhythms(row.tenant_id, devices);
  const [there, alerts] = [present, alerted].map(
    (found) => new Set<string>(found.map(({ device_id: id }) => id)),
  );
  const isBad: Record<SettledMeasure, (device: string) => boolean> = {
    silence: (device) => (rhythms[device]?.lastMs ?? 0) <= left.fromMs,
    alerts: (device) => alerts?.has(device) ?? false,
  };
  const settledOf = (measure: SettledMeasure): Settled[] =>
    left.kinds.map((kind) => {
      const side = (which: "updated" | "others"): { share: Share; back: number } => {
        const was = kind.bad[measure][which];
        // Who was decommissioned meanwhile is silent for another reason.
        const gone = was.filter((device) => there?.has(device) === false);
        const still = was.filter((device) => there?.has(device) && isBad[measure](device));
        return {
          share: { devices: kind.devices[which] - gone.length, bad: still.length },
          back: was.length - still.length,
        };
      };
      const [updated, others] = [side("updated"), side("others")];
      return {
        of: kind,
        block: { updated: updated.share, others: others.share },
        back: { updated: updated.back, others: others.back },
      };
    });
  const back = settledOf(SILENCE).flatMap(({ of, back: { updated } }) =>
    updated > 0 ? [{ type: of.type, outcome: "silent" as const, devices: -updated }] : [],
  );
  return {
    of: (measure) => (isSettledLater(measure) ? settledOf(measure) : []),
    tally: back.length > 0 ? [tallyWatched(row, back)] : [],
  };
}
