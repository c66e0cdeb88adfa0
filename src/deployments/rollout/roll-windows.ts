import { inPages, type Duty } from "../../platform/apart.ts";
import type { Sweep } from "../../platform/background.ts";
import {
  dropWindow,
  isOver,
  pastWindows,
  ROLL_WINDOWS,
  setWindow,
  type PastWindow,
} from "../store/windows.ts";
import type { Rollout } from "./rollout-schema.ts";
import { nextWindow } from "./zones.ts";

/** When a window closes, the next one of its zone takes its place: it is known long before it opens. */
export const rollWindows: Sweep = async (deps) => {
  const duty: Duty<PastWindow> = {
    name: ROLL_WINDOWS,
    of: ({ tenant_id: tenant, seq, zone }) => ({ tenant, key: `${seq} ${zone}` }),
    work: async (row) => {
      const tenant = row.tenant_id;
      const rollout = JSON.parse(row.rollout) as Rollout; // validated when it was stored
      const [over] = await deps.db(tenant).one(isOver(tenant, row.seq));
      const [next] = over ? [] : (nextWindow(rollout, row.zone, deps.now()) ?? []);
      await deps.db(tenant).one(next ? setWindow(tenant, row, next) : dropWindow(tenant, row));
    },
  };
  await inPages(deps, duty, (db, limit) => db.one(pastWindows(deps.now(), limit)));
};
