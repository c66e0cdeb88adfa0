import type { Rhythm } from "../../platform/contacts.ts";
import type { SomeDevice } from "../store/watches.ts";
import { horizonOf } from "./horizons.ts";

/** Devices of the same type and group that are watched together. */
export interface Members {
  type: string;
  group: string | null;
  updated: string[];
  others: string[];
}

/** Of one kind. More tell hardly anything more. */
const MOST_UPDATED = 300;
const MOST_OTHERS = 600;
const MOST_KINDS = 50;

/** Those of the horizon, by their kinds; the others are to have been heard of in the same hours. */
export function membersOf(
  { updated, others }: Record<"updated" | "others", readonly SomeDevice[]>,
  rhythms: Readonly<Record<string, Rhythm>>,
  { horizonS, sinceMs }: { horizonS: number; sinceMs: number },
): Members[] {
  const kinds = new Map<string, Members>();
  const kindOf = ({ type, group }: SomeDevice): Members => {
    const key = JSON.stringify([type, group]);
    const kind = kinds.get(key) ?? { type, group, updated: [], others: [] };
    kinds.set(key, kind);
    return kind;
  };
  const isOfIt = ({ device_id: id }: SomeDevice) => horizonOf(rhythms[id]) === horizonS;
  for (const device of updated.filter(isOfIt)) kindOf(device).updated.push(device.device_id);
  for (const device of others.filter(isOfIt))
    if ((rhythms[device.device_id]?.lastMs ?? 0) > sinceMs) kindOf(device).others.push(device.device_id);
  return [...kinds.values()]
    .filter((kind) => kind.updated.length > 0)
    .toSorted((a, b) => b.updated.length - a.updated.length)
    .slice(0, MOST_KINDS)
    .map((kind) => ({
      ...kind,
      updated: kind.updated.slice(0, MOST_UPDATED),
      others: kind.others.slice(0, MOST_OTHERS),
    }));
}
