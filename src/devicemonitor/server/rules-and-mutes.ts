import { reachedAmongStatement } from "../../devices/index.ts";
import type { UserActor } from "../../platform/actor.ts";
import { addAuditIfChanged, type AuditEntry } from "../../platform/audit.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { newId, asDeviceId } from "../../platform/ids.ts";
import { devicesFor, forbidden, requireGroup } from "../../platform/permissions.ts";
import { isReached } from "../../platform/reach.ts";
import { isOfDevices, RULE_KINDS, RULES, type RuleKind, type StoredRule } from "../rules.ts";
import {
  addMuteStatement,
  MAX_MUTES,
  MAX_RULES,
  mutesStatement,
  muteStatement,
  removeMuteStatement,
  removeRuleStatement,
  rulesStatement,
  setRuleStatement,
  type MuteRow,
} from "./rule-store.ts";

const entryOf = (deps: UserActor, change: string): AuditEntry => ({
  action: "update",
  object: { type: "devicemonitor", id: deps.tenant },
  change: change.slice(0, 500),
});

const bad = (field: string, problem: string) => new Fault("bad_request", `${field}: ${problem}.`);

export interface ListedRule extends StoredRule {
  /** Nobody has said anything else. */
  isDefault: boolean;
}

/** The rule of each kind, and those of groups after it. */
export async function listRules(deps: Deps, { tenant }: UserActor): Promise<ListedRule[]> {
  const stored = await deps.db(tenant).one(rulesStatement(tenant));
  return RULE_KINDS.flatMap((kind) => {
    const own = stored.filter((rule) => rule.kind === kind);
    const { enabled, mail, level, threshold } = RULES[kind];
    const usual = own.some(({ group }) => group === "")
      ? []
      : [{ kind, group: "", enabled, mail, level, threshold, isDefault: true }];
    return [...usual, ...own.map((rule) => ({ ...rule, isDefault: false }))];
  });
}

export async function setRule(deps: Deps, actor: UserActor, rule: StoredRule): Promise<void> {
  const { kind, group, threshold } = rule;
  const { least, most } = RULES[kind];
  if (group !== "" && !isOfDevices(kind)) throw bad("group", "must be absent: this is about no device");
  if (threshold < least || threshold > most) throw bad("threshold", `must be between ${least} and ${most}`);
  const words = `${kind}${group === "" ? "" : ` in ${group}`}: ${JSON.stringify(rule)}`;
  const [set] = await deps
    .db(actor.tenant)
    .batch([
      setRuleStatement(actor.tenant, rule),
      addAuditIfChanged(actor, entryOf(actor, `rule of alerts ${words}`), deps.now()),
    ]);
  if (set === 0) throw new Fault("conflict", `there are ${MAX_RULES} rules, and no more are possible`);
}

/** Back to what holds where nothing is said. */
export async function removeRule(deps: Deps, actor: UserActor, kind: RuleKind, group: string): Promise<void> {
  const words = `rule of alerts removed: ${kind}${group === "" ? "" : ` in ${group}`}`;
  const [removed] = await deps
    .db(actor.tenant)
    .batch([
      removeRuleStatement(actor.tenant, kind, group),
      addAuditIfChanged(actor, entryOf(actor, words), deps.now()),
    ]);
  if (removed === 0) throw new Fault("not_found", "no such rule was said");
}

/** Those that are about devices within reach. */
export async function listMutes(deps: Deps, actor: UserActor): Promise<MuteRow[]> {
  const found = await deps.db(actor.tenant).one(mutesStatement(actor.tenant, deps.now()));
  const reach = devicesFor(actor, "devices:read");
  if (reach === "all") return found;
  return found.filter(
    ({ device_id: device, group_name: group }) =>
      (device !== null && isReached(reach, device, null)) || (group !== null && reach.groups.includes(group)),
  );
}

/** Refuses to mute more than the user may manage. */
async function requireReach(
  deps: Deps,
  actor: UserActor,
  { device, group }: { device: string | null; group: string | null },
): Promise<void> {
  const reach = devicesFor(actor, "devices:manage");
  if (reach === "all") return;
  if (group !== null) return requireGroup(actor, "devices:manage", group);
  if (device === null) throw forbidden();
  const reached = await deps.db(actor.tenant).one(reachedAmongStatement(actor.tenant, [device], reach));
  if (reached.length === 0) throw forbidden();
}

export interface NewMute {
  device: string | null;
  group: string | null;
  subject: string | null;
  untilMs: number | null;
  reason: string;
}

export async function addMute(deps: Deps, actor: UserActor, wanted: NewMute): Promise<MuteRow> {
  const { device, group, subject, untilMs, reason } = wanted;
  const nowMs = deps.now();
  if (untilMs !== null && untilMs <= nowMs) throw bad("until", "must be later than now");
  await requireReach(deps, actor, wanted);
  const mute: MuteRow = {
    mute_id: newId(),
    device_id: device === null ? null : asDeviceId(device),
    group_name: group,
    subject,
    until_ms: untilMs,
    reason,
    created_by: actor.email,
    created_ms: nowMs,
  };
  const words = `alerts muted: ${JSON.stringify({ device, group, subject })}`;
  const [added] = await deps
    .db(actor.tenant)
    .batch([addMuteStatement(actor.tenant, mute), addAuditIfChanged(actor, entryOf(actor, words), nowMs)]);
  if (added === 0) throw new Fault("conflict", `there are ${MAX_MUTES} mutes, and no more are possible`);
  return mute;
}

export async function removeMute(deps: Deps, actor: UserActor, id: string): Promise<void> {
  const { tenant } = actor;
  const mute = await deps.db(tenant).one(muteStatement(tenant, id));
  if (!mute) throw new Fault("not_found", "mute not found");
  const { device_id: device, group_name: group, subject } = mute;
  await requireReach(deps, actor, { device, group });
  const words = `alerts not muted any more: ${JSON.stringify({ device, group, subject })}`;
  await deps
    .db(tenant)
    .batch([removeMuteStatement(tenant, id), addAuditIfChanged(actor, entryOf(actor, words), deps.now())]);
}
