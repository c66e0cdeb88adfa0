import { DurableObject } from "cloudflare:workers";
import { makeDeps } from "../src/app/make-deps.ts";
import {
  Exchange,
  HeldSessions,
  type Opened,
  type Surroundings,
  LiveSockets,
  OwedStops,
  Recorder,
  close,
  recall,
  remember,
  recordConnection,
  ADMISSION_HEADER,
  Admission,
  CLOSE,
  UNSPOKEN,
  type CloseReason,
  type ConnectionRpc,
  type DeviceToken,
  type Holder,
  type LiveSession,
  clientRequest,
  stopMessage,
  TransferFault,
  type FileInfo,
  type UploadTarget,
  type OpenedFile,
  type Transferred,
} from "../src/deviceconnect/index.ts";
import { systemNow } from "../src/platform/clock.ts";
import type { Env } from "../src/platform/env.ts";
import { asDeviceId, asTenantId } from "../src/platform/ids.ts";

/** A device that has said nothing for so long may be gone without a word. */
const SILENT_MS = 60_000;

/** How often sessions are looked after at least. */
const WATCH_MS = 60_000;

/** The alarm rings no oftener than this. */
const SOONEST_MS = 1000;

/**
 * The connection of one device and of its users: a switch between sockets that hibernate. All it knows of a socket is in
 * the socket's attachment, so it may be evicted between any two messages.
 */
export class DeviceConnection extends DurableObject<Env> implements ConnectionRpc {
  /** The clock of all connections. The platform makes the objects, so it cannot be handed to each; tests set it. */
  static now: () => number = systemNow;

  readonly #now = (): number => DeviceConnection.now();
  readonly #sockets = new LiveSockets(this.ctx);
  readonly #recorder = new Recorder(this.ctx.storage, () => this.#deps());
  readonly #owedStops = new OwedStops(this.ctx.storage);
  readonly #surroundings: Surroundings = {
    sockets: this.#sockets,
    recorder: this.#recorder,
    now: this.#now,
    deps: () => this.#deps(),
    identity: () => this.#identity(),
    watch: () => this.#schedule(true),
    later: (work) => this.ctx.waitUntil(work),
    revoke: ({ socket }) => this.#exchange.drop(socket, CLOSE.revoked),
    disconnect: () => this.disconnect(),
  };
  readonly #held = new HeldSessions(this.#surroundings);
  readonly #exchange = new Exchange(this.#surroundings, this.#held, this.#owedStops, async (version) => {
    await this.#record(false, version);
  });

  /** Set while the device is being asked whether it is there. */
  #probe: Promise<boolean> | undefined;

  override async fetch(request: Request): Promise<Response> {
    const admission = Admission.parse(JSON.parse(request.headers.get(ADMISSION_HEADER) ?? "null"));
    const { 0: client, 1: server } = new WebSocketPair();
    if (admission.role === "device") await this.#admitDevice(server, admission);
    else {
      const opened = await this.#held.open(admission.sid, admission, { kind: UNSPOKEN }, (limits) =>
        this.#admitUser(server, admission, limits),
      );
      if ("refusal" in opened) return new Response(opened.refusal, { status: 403 });
      await this.#schedule();
    }
    return new Response(null, { status: 101, webSocket: client });
  }

  async #admitDevice(server: WebSocket, { tenant, device, token }: Admission & { role: "device" }) {
    const version = ((await this.ctx.storage.get<number>("version")) ?? 0) + 1;
    await this.ctx.storage.put({ version, tenant, device });
    const replaced = this.#sockets.acceptDevice(server);
    const known = { ...token, expiresMs: token.expiresMs };
    remember(server, { role: "device", version, sinceMs: this.#now(), token: known });
    this.#held.transfers.fail();
    for (const old of replaced) close(old, CLOSE.replaced);
    for (const stop of await this.#owedStops.take()) server.send(stopMessage(stop));
    await this.#schedule();
    // The token may have ended since the gateway looked, and whoever ended it did not find this socket.
    if (!(await this.#record(true, version, known))) await this.#exchange.drop(server, CLOSE.revoked);
  }

  #admitUser(
    server: WebSocket,
    { sid, user, email, token }: Admission & { role: "user" },
    { expiresMs, ...limits }: Opened,
  ) {
    const nowMs = this.#now();
    this.#sockets.acceptUser(server, sid);
    remember(server, {
      role: "user",
      sid,
      user,
      email,
      token,
      expiresMs,
      limits,
      openedMs: nowMs,
      activeMs: nowMs,
      kinds: [],
      shell: false,
      session: false,
      outputBytes: 0,
      ended: false,
    });
  }

  /** True if a device is at the other end. One that has been silent for long is asked, and let go if it does not answer. */
  async isConnected(): Promise<boolean> {
    const socket = this.#sockets.device();
    const known = socket && recall(socket);
    if (known?.role !== "device") return false;
    if (this.#now() - Math.max(known.sinceMs, this.#exchange.heardMs) < SILENT_MS) return true;
    this.#probe ??= this.#held.transfers.answersPing().finally(() => (this.#probe = undefined));
    if (!(await this.#probe) && socket?.readyState === WebSocket.OPEN)
      await this.#exchange.drop(socket, CLOSE.silent);
    return this.#sockets.device() !== undefined;
  }

  /** Asks the device's update client to act; false if the device is not connected. */
  request(typ: "check-update" | "send-inventory", userId?: string): boolean {
    const socket = this.#sockets.device();
    socket?.send(clientRequest(typ, userId));
    return socket !== undefined;
  }

  sessions(): LiveSession[] {
    return this.#held.list();
  }

  /** Ends one session for both sides; false if there is none of that id. */
  async endSession(sid: string): Promise<boolean> {
    const user = this.#sockets.user(sid);
    if (!user) return this.#held.transfers.end(sid, new TransferFault(409, CLOSE.ended.reason));
    await this.#exchange.end(user, CLOSE.ended);
    return true;
  }

  /** Sends a file to the device. */
  upload(
    holder: Holder,
    target: UploadTarget,
    source: ReadableStream<Uint8Array>,
  ): Promise<Transferred<number>> {
    return this.#held.upload(holder, target, source);
  }

  /** What the device says of a file. */
  stat(holder: Holder, path: string): Promise<Transferred<FileInfo>> {
    return this.#held.stat(holder, path);
  }

  /** Opens a file of the device. */
  download(holder: Holder, path: string): Promise<Transferred<OpenedFile>> {
    return this.#held.download(holder, path);
  }

  /** Looks at the rights of everybody here, because some may have ended. Rejects if that cannot be done now. */
  async recheck(): Promise<void> {
    if (!(await this.#held.rights.look())) throw new Error("rights could not be verified");
  }

  /** Ends everything: the device may not be connected any more. */
  async disconnect(reason: CloseReason = CLOSE.revoked): Promise<void> {
    for (const user of this.#sockets.users()) await this.#exchange.end(user, CLOSE.deviceGone);
    this.#held.transfers.fail();
    for (const socket of this.#sockets.devices()) close(socket, reason);
    await this.#record(false, (await this.ctx.storage.get<number>("version")) ?? 0);
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    return this.#exchange.take(socket, message);
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    close(socket, { code: code === 1005 || code === 1006 ? 1000 : code, reason: "" });
    await this.#exchange.leave(socket);
  }

  override webSocketError(socket: WebSocket): Promise<void> {
    return this.#exchange.leave(socket);
  }

  /** Ends what must end by time: idle sessions, expired and revoked ones, and records whose socket vanished unnoticed. */
  override async alarm(): Promise<void> {
    const nowMs = this.#now();
    for (const { socket, session } of this.#sockets.users()) {
      const { idleMs } = session.limits;
      if (idleMs > 0 && nowMs - session.activeMs >= idleMs) await this.#exchange.drop(socket, CLOSE.idle);
      else if (isOver(session.expiresMs, nowMs)) await this.#exchange.drop(socket, CLOSE.expired);
    }
    const device = this.#sockets.device();
    const known = device && recall(device);
    if (known?.role === "device" && isOver(known.token.expiresMs, nowMs))
      await this.disconnect(CLOSE.expired);
    if (this.#held.list().length > 0) await this.#held.rights.look();
    await this.#endVanished();
    await this.#schedule((await this.#recorder.unended()).length > 0);
  }

  /** A session that is neither open nor being opened is over, whatever became of it. */
  async #endVanished() {
    for (const sid of await this.#recorder.unended()) {
      if (!this.#sockets.user(sid) && !this.#held.isOpening(sid)) await this.#held.putEndOnRecord(sid);
    }
  }

  /** Sets the alarm for what is due next; before long if something must be looked after. */
  async #schedule(isWatched = false) {
    const nowMs = this.#now();
    const due: number[] = [];
    for (const { session } of this.#sockets.users()) {
      const { idleMs } = session.limits;
      due.push(nowMs + WATCH_MS, session.expiresMs ?? Number.POSITIVE_INFINITY);
      if (idleMs > 0) due.push(session.activeMs + idleMs);
    }
    const device = this.#sockets.device();
    const known = device && recall(device);
    if (known?.role === "device" && known.token.expiresMs !== undefined) due.push(known.token.expiresMs);
    if (isWatched || this.#held.transfers.running().length > 0) due.push(nowMs + WATCH_MS);
    const nextMs = Math.min(...due);
    if (Number.isFinite(nextMs)) await this.#ringIn(Math.max(nextMs - nowMs, SOONEST_MS));
  }

  /** Alarms go by the clock of the platform. */
  #ringIn(delayMs: number): Promise<void> {
    return this.ctx.storage.setAlarm(systemNow() + delayMs);
  }

  /** Puts the connection on record; false if the token it was opened with is not live any more. */
  async #record(connected: boolean, version: number, token?: DeviceToken): Promise<boolean> {
    const of = await this.#identity();
    return !of || recordConnection(await this.#deps(), { ...of, connected, version }, token);
  }

  /** Whose connection this is; known once the device has connected. */
  async #identity() {
    const known = await this.ctx.storage.get(["tenant", "device"]);
    const [tenant, device] = [known.get("tenant"), known.get("device")];
    if (typeof tenant !== "string" || typeof device !== "string") return undefined;
    return { tenant: asTenantId(tenant), device: asDeviceId(device) };
  }

  #deps() {
    return makeDeps(this.env, {
      requestId: "device-connection",
      origin: "",
      later: (work) => this.ctx.waitUntil(work),
      now: this.#now,
    });
  }
}

const isOver = (expiresMs: number | undefined, nowMs: number) =>
  expiresMs !== undefined && expiresMs <= nowMs;
