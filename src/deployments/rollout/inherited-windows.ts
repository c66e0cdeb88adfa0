import type { NewDeployment } from "../create-schema.ts";
import type { Settings } from "../store/settings.ts";
import { Rollout, type Windows } from "./rollout-schema.ts";

const stored = (text: string | null): Windows | undefined =>
  text === null ? undefined : (JSON.parse(text) as Windows); // validated when it was stored

/**
 * What was asked for, with the windows that count: the deployment's own, else those of the group that it is for, else the
 * tenant's. Holidays of all three are kept.
 */
export function withWindows(
  definition: NewDeployment,
  settings: Pick<Settings, "windows" | "group_windows">,
): NewDeployment {
  const all = [definition.rollout?.windows, stored(settings.group_windows), stored(settings.windows)];
  const [nearest, ...others] = all.filter((windows) => windows !== undefined);
  if (!nearest) return definition;
  const holidays = [...new Set([nearest, ...others].flatMap((windows) => windows.holidays))];
  const rollout = definition.rollout ?? Rollout.parse({ order: "arrival" });
  return { ...definition, rollout: { ...rollout, windows: { ...nearest, holidays } } };
}
