import type { UserActor } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId } from "../platform/ids.ts";
import { hasPermission } from "../platform/permissions.ts";
import { rightsAt } from "../platform/rights.ts";
import { findTokenHolders } from "../useradm/index.ts";
import { LIVE_PATH } from "./words.ts";
import {
  acknowledge,
  ADMISSION_HEADER,
  Admission,
  close,
  CLOSE,
  isBehind,
  PROTOCOL,
  readMessage,
  recall,
  remember,
  sentOne,
  type Follower,
} from "./live-socket.ts";
import { tellOnlookers } from "./onlookers.ts";
import { beginningOf, matches } from "./list.ts";
import { pagesAfter, setFollowedStatement } from "./page-store.ts";
import { cloudEvent, eventsOf, lastOf, type Page } from "./stream-event.ts";
import { READS, visibleTo } from "./visible.ts";

/** Sockets of one tenant. */
const MAX_FOLLOWERS = 200;
const TAG = "follower";

/** Pages read at once. */
const PAGES = 4;

type Sockets = Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets" | "waitUntil">;

/** Reads pages once for all who are at the same place. */
class Reading {
  readonly #deps: Deps;
  readonly #read = new Map<string, Promise<Page[]>>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  after({ tenant, position }: Follower): Promise<Page[]> {
    const key = `${tenant}/${position}`;
    const looking = { scanned: PAGES, limit: PAGES };
    const [pages] = pagesAfter(asTenantId(tenant), position, looking);
    const read = this.#read.get(key) ?? this.#deps.db(asTenantId(tenant)).one(pages);
    this.#read.set(key, read);
    return read;
  }
}

/**
 * Those who follow the events of a tenant, over sockets that hibernate. All that is known of a reader is with its socket.
 * What a reader may know of is looked up whenever something is sent.
 */
export class Live {
  readonly #sockets: Sockets;
  readonly #deps: () => Promise<Deps>;
  /** What is done follows each other, so that nothing is sent twice. */
  #last: Promise<unknown> = Promise.resolve();
  #isDue = false;

  constructor(sockets: Sockets, deps: () => Promise<Deps>) {
    this.#sockets = sockets;
    this.#deps = deps;
  }

  /** Takes an upgrade that the gateway has admitted. */
  open(request: Request): Promise<Response> {
    const admission = Admission.parse(JSON.parse(request.headers.get(ADMISSION_HEADER) ?? "null"));
    return this.#inTurn(() => this.#open(admission));
  }

  async #open({ tenant, user, token, cursor, protocol, ...wanted }: Admission): Promise<Response> {
    if (this.#all().length >= MAX_FOLLOWERS) return new Response("limit", { status: 403 });
    const deps = await this.#deps();
    const id = asTenantId(tenant);
    // Before the end is looked up, so that nothing that comes after it stays unnoticed.
    await deps.db(id).one(setFollowedStatement(id, true, deps.now()));
    let position: number;
    try {
      const { after, last } = await beginningOf(deps, id, cursor, undefined);
      position = cursor === undefined ? last : after;
    } catch (cause) {
      await this.#endIfAlone(tenant);
      if (cause instanceof Fault) return new Response(cause.kind, { status: 403 });
      throw cause;
    }
    const { 0: client, 1: server } = new WebSocketPair();
    this.#sockets.acceptWebSocket(server, [TAG]);
    remember(server, { tenant, user, token, wanted, position, sent: 0, marks: [] });
    this.told();
    const headers = protocol === undefined ? {} : { "Sec-WebSocket-Protocol": PROTOCOL };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /** There is something new, or a reader has caught up. */
  told(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    const pumped = this.#inTurn(async () => {
      this.#isDue = false;
      await this.#pump();
    });
    this.#sockets.waitUntil(pumped.catch((cause: unknown) => this.#failed(cause)));
  }

  async message(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const said = readMessage(message);
    if (!said) return this.#drop(socket, CLOSE.malformed);
    if (said.at !== undefined) return this.#inTurn(() => this.#look(socket, said.at ?? undefined));
    await this.#inTurn(async () => {
      const follower = recall(socket);
      if (said.ack !== undefined) acknowledge(follower, said.ack);
      remember(socket, follower);
      await this.#pump();
      if (said.ack === undefined) socket.send(JSON.stringify({ cursor: String(recall(socket).position) }));
    });
  }

  async left(socket: WebSocket): Promise<void> {
    close(socket, CLOSE.normal);
    const { tenant, at } = recall(socket);
    await this.#inTurn(() => this.#endIfAlone(tenant, socket));
    if (at !== undefined) await this.#inTurn(() => this.#tellOnlookers(at));
  }

  /** A reader looks at a device now, or at none. */
  async #look(socket: WebSocket, at: string | undefined): Promise<void> {
    const { at: before, ...follower } = recall(socket);
    remember(socket, { ...follower, at });
    for (const device of new Set([before, at])) if (device !== undefined) await this.#tellOnlookers(device);
  }

  async #tellOnlookers(device: string): Promise<void> {
    await tellOnlookers(await this.#deps(), this.#all(), device);
  }

  #all(): WebSocket[] {
    return this.#sockets.getWebSockets(TAG).filter(({ readyState }) => readyState === WebSocket.OPEN);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work, work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Sends everybody what is new for them. */
  async #pump(): Promise<void> {
    const sockets = this.#all();
    if (sockets.length === 0) return;
    const deps = await this.#deps();
    const followers = sockets.map(recall);
    const claims = followers.map(({ tenant, user, token }) => ({ tenant, subject: user, token }));
    const holders = await findTokenHolders(deps, claims);
    const reading = new Reading(deps);
    for (const [i, socket] of sockets.entries()) {
      const [follower, actor] = [followers[i], holders[i]?.actor];
      const allowed = actor && asFollower(actor);
      if (!follower || !allowed) await this.#drop(socket, CLOSE.revoked);
      else await this.#send(deps, reading, socket, follower, allowed);
    }
  }

  async #send(deps: Deps, reading: Reading, socket: WebSocket, follower: Follower, user: UserActor) {
    const tenant = asTenantId(follower.tenant);
    while (!isBehind(follower) && socket.readyState === WebSocket.OPEN) {
      const pages = await reading.after(follower);
      const last = pages.at(-1);
      if (!last) break;
      const from = follower.position;
      const events = pages
        .flatMap((page) => eventsOf(tenant, page))
        .filter((event) => event.position > from && matches(event, follower.wanted));
      for (const event of await visibleTo(deps, user, events)) {
        if (isBehind(follower)) break;
        socket.send(JSON.stringify(cloudEvent(tenant, event)));
        sentOne(follower, event.position);
      }
      if (!isBehind(follower)) follower.position = lastOf(last);
      remember(socket, follower);
    }
  }

  async #drop(socket: WebSocket, why: { code: number; reason: string }): Promise<void> {
    close(socket, why);
    await this.#endIfAlone(recall(socket).tenant, socket);
  }

  /** With the last reader the object is told of nothing any more. */
  async #endIfAlone(tenant: string, leaving?: WebSocket): Promise<void> {
    if (this.#all().some((socket) => socket !== leaving)) return;
    const deps = await this.#deps();
    await deps.db(asTenantId(tenant)).one(setFollowedStatement(asTenantId(tenant), false, deps.now()));
  }

  async #failed(cause: unknown): Promise<void> {
    (await this.#deps()).log.error("followers not told", { cause });
  }
}

/** With the rights that hold where events are followed; undefined for who may read of none. */
function asFollower(actor: UserActor): UserActor | undefined {
  const address = { method: "GET", path: LIVE_PATH, query: "" };
  const follower = { ...actor, rights: rightsAt(actor.rights, READS, address) };
  return READS.some((permission) => hasPermission(follower, permission)) ? follower : undefined;
}
