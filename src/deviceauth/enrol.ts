import type { SystemActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { DeviceId } from "../platform/ids.ts";
import { Disturbed } from "../platform/undisturbed.ts";
import type { Admission, AdmissionRule } from "./admission-store.ts";
import type { AuthRequest } from "./auth-request.ts";
import {
  auditStatement,
  changeStatements,
  hitDeviceLimit,
  newDeviceStatements,
  newSet,
} from "./transitions.ts";
import { storeInTurn } from "./enrolment-line.ts";
import { demandTurn } from "./enrolment-rate.ts";
import { storageProblem } from "./identity.ts";
import { ruleFor } from "./rules.ts";
import { deviceStatusOf, type SetStatus } from "./states.ts";
import { deviceStatement } from "./store.ts";
import { addSetStatement } from "./set-store.ts";
import { makeRoom } from "./waiting.ts";
import { demandStatus, touchDeviceStatement, trimWaitingSetsStatement } from "./waiting-store.ts";

/** Keys of one device that may wait for a decision; a further one replaces the oldest. */
const MAX_WAITING_KEYS = 10;

const systemOf = ({ tenant }: Admission): SystemActor => ({ kind: "system", tenant });

const setOf = (deps: Deps, { key, tier }: AuthRequest, status: SetStatus) =>
  newSet(key, tier, status, deps.now());

/** Keys that a device of unknown worth brings are told in the log where they are weak. */
function tellWeakKey(deps: Deps, { tenant }: Admission, device: DeviceId, { key }: AuthRequest): void {
  if (key.weakness !== undefined) deps.log.info("weak key", { tenant, device, weakness: key.weakness });
}

/** Stores an unknown device that a rule lets in; undefined if the limit leaves it waiting. */
async function acceptDevice(
  deps: Deps,
  known: Admission,
  request: AuthRequest,
  rule: AdmissionRule,
): Promise<Admission | undefined> {
  const { tenant } = known;
  const at = deps.now();
  const set = setOf(deps, request, "accepted");
  const { device, statements } = newDeviceStatements(deps.participants, tenant, request.identity, set, at);
  const audit = auditStatement(systemOf(known), "accept", device, at, `rule ${rule.name}`);
  try {
    await deps.db(tenant).batch([...statements, audit]);
  } catch (cause) {
    if (hitDeviceLimit(cause)) return undefined;
    throw cause;
  }
  tellWeakKey(deps, known, device.id, request);
  return { ...known, device: device.id, set: set.id, setStatus: "accepted" };
}

/** Stores an unknown device and says whether a rule has let it in at once; the limit leaves it waiting. */
export async function enrolDevice(
  deps: Deps,
  known: Admission,
  request: AuthRequest,
  attempt: number,
): Promise<Admission | undefined> {
  const problem = storageProblem(request.identity);
  if (problem) throw new Fault("bad_request", `invalid auth request: id_data: ${problem}`);
  const rule = ruleFor(known.rules, request.identity, request.secret);
  const accepted = rule && (await acceptDevice(deps, known, request, rule));
  if (accepted) return accepted;
  if (attempt === 1) await demandTurn(deps);
  const { tenant } = known;
  const set = setOf(deps, request, "pending");
  const { device, statements } = newDeviceStatements(
    deps.participants,
    tenant,
    request.identity,
    set,
    deps.now(),
  );
  await storeInTurn(deps, tenant, async () =>
    deps.db(tenant).batch([...(await makeRoom(deps, known, attempt)), ...statements]),
  );
  tellWeakKey(deps, known, device.id, request);
  return undefined;
}

/** A rule lets a further key of a device in on whom nobody has decided: whoever came first under its name need not be it. */
async function acceptKey(
  deps: Deps,
  known: Admission,
  request: AuthRequest,
  rule: AdmissionRule,
): Promise<Admission | undefined> {
  const { tenant } = known;
  const db = deps.db(tenant);
  const device = await db.one(deviceStatement(tenant, known.device ?? ""));
  if (!device || device.provisioned || device.status !== "pending") throw new Disturbed("decided meanwhile");
  const at = deps.now();
  const set = setOf(deps, request, "accepted");
  try {
    await db.batch([
      ...changeStatements(deps.participants, tenant, device, { added: set }, at),
      auditStatement(systemOf(known), "accept", device, at, `rule ${rule.name}`),
    ]);
  } catch (cause) {
    if (hitDeviceLimit(cause)) return undefined;
    throw cause;
  }
  tellWeakKey(deps, known, device.id, request);
  return { ...known, set: set.id, setStatus: "accepted" };
}

/** A further key that changes the status of its device, because all others are rejected or gone. */
async function reviveDevice(deps: Deps, { tenant }: Admission, id: DeviceId, request: AuthRequest) {
  const db = deps.db(tenant);
  const device = await db.one(deviceStatement(tenant, id));
  if (!device) throw new Disturbed("the device has gone");
  const added = setOf(deps, request, "pending");
  await db.batch(changeStatements(deps.participants, tenant, device, { added }, deps.now()));
}

/** Stores an unknown key of a known device for a user to decide, unless a rule lets it in. */
export async function enrolKey(
  deps: Deps,
  known: Admission,
  request: AuthRequest,
  attempt: number,
): Promise<Admission | undefined> {
  const { tenant, device, deviceStatus } = known;
  if (device === null || deviceStatus === null) throw new Disturbed("the device has gone");
  const rule = ruleFor(known.rules, request.identity, request.secret);
  const accepted = rule && (await acceptKey(deps, known, request, rule));
  if (accepted) return accepted;
  if (attempt === 1) await demandTurn(deps);
  const set = setOf(deps, request, "pending");
  tellWeakKey(deps, known, device, request);
  if (deviceStatusOf([{ status: "pending" }, ...standing(deviceStatus)]) !== deviceStatus) {
    await storeInTurn(deps, tenant, () => reviveDevice(deps, known, device, request));
    return undefined;
  }
  await storeInTurn(deps, tenant, () =>
    deps
      .db(tenant)
      .batch([
        demandStatus(tenant, device, deviceStatus),
        trimWaitingSetsStatement(tenant, device, MAX_WAITING_KEYS - 1),
        addSetStatement(tenant, device, set),
        touchDeviceStatement(tenant, device, deps.now()),
      ]),
  );
  return undefined;
}

/** The set that gives a device its status. */
const standing = (status: Admission["deviceStatus"]): { status: SetStatus }[] =>
  status === null || status === "noauth" ? [] : [{ status }];
