import { consentedStatement } from "../consent/index.ts";
import { asLiveDevice, groupOfStatement, isLiveStatement, knownDeviceStatement } from "../devices/index.ts";
import type { Actor, DeviceClaim, UserActor } from "../platform/actor.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault, type FaultKind } from "../platform/fault.ts";
import { newId, type DeviceId, type TenantId } from "../platform/ids.ts";
import { devicesFor, hasPermission } from "../platform/permissions.ts";
import { isReached } from "../platform/reach.ts";
import { findTokenHolders } from "../useradm/index.ts";
import type { ConnectionRpc } from "./connection-rpc.ts";
import {
  ADMISSION_HEADER,
  REFUSALS,
  type Admission,
  type DeviceToken,
  type Holder,
  type LiveSession,
  type Refusal,
} from "./sockets.ts";
import {
  connectionOf,
  putConnection,
  removeConnection,
  type ConnectionChange,
  type ConnectionRow,
} from "./store.ts";

export type ClientRequest = "check-update" | "send-inventory";

/** The object that holds a device's connection. */
export const connectionObject = (
  deps: Deps,
  tenant: TenantId,
  device: DeviceId,
): DurableObjectStub<ConnectionRpc> =>
  deps.connections.get(
    deps.connections.idFromName(`${tenant}/${device}`),
  ) as DurableObjectStub<ConnectionRpc>; // the class behind the binding implements it

/** Hands an upgrade that was admitted to the object; what a client sent in the header is overwritten. */
function upgrade(deps: Deps, request: Request, admission: Admission): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.set(ADMISSION_HEADER, JSON.stringify(admission));
  const object = connectionObject(deps, admission.tenant as TenantId, admission.device as DeviceId); // named by the callers below
  return object.fetch("https://device-connection/", { headers });
}

/** The socket of a device (protocol notes, deviceconnect 4). A new one replaces the one before. */
export async function connectDevice(deps: Deps, claim: DeviceClaim, request: Request): Promise<Response> {
  const { device } = await asLiveDevice(deps, claim, []);
  const { authSet, issuedS, expiresS } = claim;
  const expiresMs = expiresS === undefined ? undefined : expiresS * 1000;
  return upgrade(deps, request, {
    role: "device",
    tenant: device.tenant,
    device: device.device,
    token: { authSet, issuedS, expiresMs },
  });
}

const DISCONNECTED = "failed to connect to device: device disconnected";

/** Refuses a user who may not connect, and one whose device is not connected: here clients can read why. */
export async function admitUser(deps: Deps, actor: UserActor, device: DeviceId): Promise<void> {
  if (!(await isConnectedFor(deps, actor, device))) throw new Fault("not_found", DISCONNECTED);
}

/** Whether a device is connected, for a user who has the tenant's consent if that takes a grant. */
export async function isConnectedFor(deps: Deps, actor: UserActor, device: DeviceId): Promise<boolean> {
  const { tenant, user } = actor;
  const [connection, consented] = await deps
    .db(tenant)
    .batch([connectionOf(tenant, device), consentedStatement(tenant, device, deps.now())]);
  if (consented && !consented.has(user)) throw new Fault("forbidden", "remote access takes a grant");
  return isHeld(deps, tenant, device, connection);
}

const REFUSED: Record<Refusal, [FaultKind, string]> = {
  limit: ["unprocessable", "maximum number of remote sessions reached"],
  revoked: ["unauthorized", "unauthorized"],
  gone: ["not_found", DISCONNECTED],
  unrecorded: ["unavailable", "session cannot be recorded, try again later"],
};

/** The socket of one session of an admitted user. The object says whether the tenant may have another one. */
export async function connectUser(
  deps: Deps,
  actor: UserActor,
  device: DeviceId,
  request: Request,
): Promise<Response> {
  const { tenant, user, email, token } = actor;
  const sid = newId();
  const response = await upgrade(deps, request, { role: "user", tenant, device, sid, user, email, token });
  if (response.status === 101) return response;
  const named = await response.text();
  const refusal = REFUSALS.find((name) => name === named);
  if (!refusal) throw new Error(`upgrade answered ${response.status}`);
  throw new Fault(...REFUSED[refusal]);
}

export interface ConnectionStatus {
  device_id: string;
  status: "connected" | "disconnected";
  created_ts: string;
  updated_ts: string;
}

/** True if the device holds a connection. An object that lost its socket unnoticed corrects the record here. */
const isHeld = async (
  deps: Deps,
  tenant: TenantId,
  device: DeviceId,
  connection: ConnectionRow | undefined,
) => connection?.connected === 1 && (await connectionObject(deps, tenant, device).isConnected());

/** What is known of a device's connection. */
export async function connectionStatus(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
): Promise<ConnectionStatus> {
  const [known, connection] = await deps
    .db(actor.tenant)
    .batch([knownDeviceStatement(actor.tenant, device), connectionOf(actor.tenant, device)]);
  if (!known) throw new Fault("not_found", "device not found");
  const since = connection ?? { created_ms: known.created_ms, updated_ms: known.created_ms };
  return {
    device_id: device,
    status: (await isHeld(deps, actor.tenant, device, connection)) ? "connected" : "disconnected",
    created_ts: rfc3339(since.created_ms),
    updated_ts: rfc3339(since.updated_ms),
  };
}

/** Whether a device is connected; one that nobody knows is not. */
async function isConnected(deps: Deps, { tenant }: Actor, device: DeviceId): Promise<boolean> {
  return isHeld(deps, tenant, device, await deps.db(tenant).one(connectionOf(tenant, device)));
}

/** Asks a connected device to check for updates or to send its inventory; its answer is not awaited. */
export async function requestOfDevice(
  deps: Deps,
  actor: Actor,
  device: DeviceId,
  typ: ClientRequest,
): Promise<void> {
  const userId = actor.kind === "user" ? actor.user : undefined;
  const asked =
    (await isConnected(deps, actor, device)) &&
    (await connectionObject(deps, actor.tenant, device).request(typ, userId));
  if (!asked) throw new Fault("conflict", "device not connected");
}

export async function liveSessions(deps: Deps, actor: Actor, device: DeviceId): Promise<LiveSession[]> {
  const [known] = await deps.db(actor.tenant).batch([knownDeviceStatement(actor.tenant, device)]);
  if (!known) throw new Fault("not_found", "device not found");
  return connectionObject(deps, actor.tenant, device).sessions();
}

export async function endSession(deps: Deps, actor: Actor, device: DeviceId, sid: string): Promise<void> {
  const [known] = await deps.db(actor.tenant).batch([knownDeviceStatement(actor.tenant, device)]);
  if (!known || !(await connectionObject(deps, actor.tenant, device).endSession(sid))) {
    throw new Fault("not_found", "session not found");
  }
}

const liveToken = (of: { tenant: TenantId; device: DeviceId }, { authSet, issuedS }: DeviceToken) =>
  isLiveStatement({ ...of, authSet, issuedS });

/** Called by the object on every connect and disconnect; false if the token of a new connection is not live any more. */
export async function recordConnection(
  deps: Deps,
  to: ConnectionChange,
  token: DeviceToken | undefined,
): Promise<boolean> {
  const db = deps.db(to.tenant);
  const put = putConnection(to, deps.now());
  const [, isLive] = await db.batch([put, ...(token ? [liveToken(to, token)] : [])]);
  return isLive ?? true;
}

/** Rights as they are now, by the ids of the tokens of their holders. */
export interface FoundRights {
  rights: ReadonlyMap<string, { expiresMs: number | undefined }>;
  isDeviceLive: boolean;
}

/** The first of two ends, of which either may be none. */
const earlier = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

/** Who of the holders may still connect to devices, and whether the device's own token is live. */
export async function lookAtRights(
  deps: Deps,
  of: { tenant: TenantId; device: DeviceId },
  { holders, token }: { holders: readonly Holder[]; token: DeviceToken | undefined },
): Promise<FoundRights> {
  const claims = [...new Map(holders.map((holder) => [holder.token, holder])).values()].map((holder) => ({
    tenant: of.tenant,
    subject: holder.user,
    token: holder.token,
  }));
  const [found, [group, consented, isDeviceLive = false]] = await Promise.all([
    findTokenHolders(deps, claims),
    deps
      .db(of.tenant)
      .batch([
        groupOfStatement(of.tenant, of.device),
        consentedStatement(of.tenant, of.device, deps.now()),
        ...(token ? [liveToken(of, token)] : []),
      ]),
  ]);
  const mayConnect = (actor: UserActor) =>
    hasPermission(actor, "devices:connect") &&
    isReached(devicesFor(actor, "devices:connect"), of.device, group);
  const rights = new Map<string, { expiresMs: number | undefined }>();
  for (const holder of found) {
    if (!holder || !mayConnect(holder.actor)) continue;
    const { user, token: id } = holder.actor;
    if (consented && !consented.has(user)) continue;
    rights.set(id, { expiresMs: earlier(holder.expiresMs, consented?.get(user)) });
  }
  return { rights, isDeviceLive };
}

/** Tells a device that is believed to be connected to check for updates; true if it was told. */
export const askForUpdate = async (deps: Deps, tenant: TenantId, device: DeviceId): Promise<boolean> =>
  connectionObject(deps, tenant, device).request("check-update");

/** Ends the connection of a device that may not be connected any more. */
export const disconnectDevice = (deps: Deps, tenant: TenantId, device: DeviceId): Promise<void> =>
  connectionObject(deps, tenant, device).disconnect();

/** Makes the object of a device look at the rights of everybody there. */
export const recheckDevice = (deps: Deps, tenant: TenantId, device: DeviceId): Promise<void> =>
  connectionObject(deps, tenant, device).recheck();

/** Ends a device's connection and forgets that there was one. */
export async function removeDeviceConnection(deps: Deps, tenant: TenantId, device: DeviceId): Promise<void> {
  await disconnectDevice(deps, tenant, device);
  await deps.db(tenant).one(removeConnection(tenant, device));
}
