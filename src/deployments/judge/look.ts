import { inPages, type Duty } from "../../platform/apart.ts";
import type { Sweep } from "../../platform/background.ts";
import type { Deps } from "../../platform/deps.ts";
import type { Rollout } from "../rollout/rollout-schema.ts";
import {
  dueVerdicts,
  earlierResults,
  JUDGE,
  resultsOf,
  setVerdict,
  type DueVerdict,
  type TypeCount,
} from "../store/verdicts.ts";
import { halt } from "./halt.ts";
import { CLEARED_MARGIN, TOLD_DEVICES } from "./levels.ts";
import { evidenceOfNoWorse, evidenceOfWorse, type Kind } from "./past.ts";
import type { Judge } from "./schema.ts";
import { ofAnyKind, ofEveryKind, verdictOf } from "./verdict.ts";

/** Every minute the judge looks at the rollouts that have new results. */
export const judgeRollouts: Sweep = async (deps) => {
  const duty: Duty<DueVerdict> = {
    name: JUDGE,
    of: ({ tenant_id: tenant, seq, measure }) => ({ tenant, key: `${seq} ${measure}` }),
    work: (row) => look(deps, row),
  };
  await inPages(deps, duty, (db, limit) => db.one(dueVerdicts(deps.now(), limit)));
};

/** One device type, or all of them together. */
interface NamedKind extends Kind {
  type: string | undefined;
}

async function look(deps: Deps, row: DueVerdict): Promise<void> {
  const { tenant_id: tenant, seq } = row;
  const { judge } = JSON.parse(row.rollout) as Rollout; // validated when it was stored
  if (!judge) throw new Error("the rollout has no judge");
  const [now, earlier] = await deps.db(tenant).batch([resultsOf(tenant, seq), earlierResults(tenant, seq)]);
  // What is usual is settled by the first look: what comes later must not be chosen by what was seen.
  const usual = row.usual === null ? earlier : (JSON.parse(row.usual) as TypeCount[]); // written below
  const kinds = kindsOf(judge, usual, now);
  const margin = judge.failures.margin_percent / 100;
  const worse = ofAnyKind(kinds.map((kind) => evidenceOfWorse(kind, margin)));
  const told = kinds.filter((kind) => kind.now.devices > 0);
  const noWorse = ofEveryKind(told.map((kind) => evidenceOfNoWorse(kind, Math.max(margin, CLEARED_MARGIN))));
  const verdict = verdictOf(row.verdict, { worse, noWorse }, row.ln_needed);
  const found = {
    verdict,
    lnEvidence: worse,
    usual,
    kinds: told.map(shownKind),
    results: now.reduce((sum, { devices }) => sum + devices, 0),
    isOver: row.stage === 2,
  };
  // A person who resumes it knows more than the judge: the same finding does not stop it again.
  const halts = verdict === "worse" && row.verdict !== "worse";
  await deps
    .db(tenant)
    .batch([...(halts ? halt(row, row.measure, deps.now()) : []), setVerdict(row, found, deps.now())]);
}

/** Those of which it is known what is usual. */
function kindsOf(judge: Judge, usual: readonly TypeCount[], now: readonly TypeCount[]): NamedKind[] {
  const percent = judge.failures.usual_percent;
  if (percent !== undefined) {
    const before = { devices: TOLD_DEVICES, bad: Math.round((TOLD_DEVICES * percent) / 100) };
    return [{ type: undefined, before, now: sumOf(now) }];
  }
  return usual.map(({ type, ...before }) => ({
    type,
    before,
    now: sumOf(now.filter((one) => one.type === type)),
  }));
}

const sumOf = (counts: readonly TypeCount[]) => ({
  devices: counts.reduce((sum, { devices }) => sum + devices, 0),
  bad: counts.reduce((sum, { bad }) => sum + bad, 0),
});

const shownKind = ({ type, before, now }: NamedKind) => ({
  ...(type !== undefined && { device_type: type }),
  usual: { results: before.devices, failed: before.bad },
  now: { results: now.devices, failed: now.bad },
});
