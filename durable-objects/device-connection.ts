import { DurableObject } from "cloudflare:workers";
import { OwedStops } from "../src/deviceconnect/owed-stops.ts";
import { Recorder } from "../src/deviceconnect/recorder.ts";
import { recordConnection } from "../src/deviceconnect/service.ts";
import {
  asLiveUser,
  close,
  paceOf,
  recall,
  remember,
  type LiveUser,
} from "../src/deviceconnect/remembered.ts";
import {
  ADMISSION_HEADER,
  Admission,
  CLOSE,
  type CloseReason,
  type UserSocket,
} from "../src/deviceconnect/sockets.ts";
import {
  afterDeviceFrame,
  answersPing,
  clientRequest,
  stopForUser,
  farewells,
  fromDevice,
  fromUser,
  endsShell,
  outputOf,
  stopMessage,
  toUser,
} from "../src/deviceconnect/switchboard.ts";
import type { FileInfo, UploadTarget } from "../src/deviceconnect/transfer.ts";
import { Transfers, type OpenedFile, type Transferred } from "../src/deviceconnect/transfers.ts";
import { hasPermission } from "../src/platform/actor.ts";
import { makeDeps } from "../src/app/make-deps.ts";
import type { Env } from "../src/platform/env.ts";
import { asDeviceId, asTenantId } from "../src/platform/ids.ts";
import { findUser } from "../src/useradm/find-user.ts";

const DEVICE = "device";
const USER = "user";

/** Of the ids that are given to sessions; what a device makes up may be anything. */
const SID_LENGTH = 36;

/** A device that has said nothing for so long may be gone without a word. */
const SILENT_MS = 60_000;

/** How often sessions are looked after. */
const WATCH_MS = 60_000;

/** A live session as operators see it. */
export interface LiveSession {
  session_id: string;
  user_id: string;
  user_email: string;
  opened_ms: number;
  output_bytes: number;
}

/**
 * The connection of one device and of its users: a switch between sockets that hibernate. All it knows of a socket is in
 * the socket's attachment, so it may be evicted between any two messages.
 */
export class DeviceConnection extends DurableObject<Env> {
  readonly #recorder = new Recorder(this.ctx.storage, () => this.#deps());

  /** Sockets that were looked up; they are looked up again after an eviction. */
  #device: WebSocket | undefined;
  readonly #bySid = new Map<string, WebSocket>();

  /** When the device said something last, as far as this instance knows, and whether it is being asked to. */
  #heardMs = 0;
  #probe: Promise<boolean> | undefined;

  readonly #owedStops = new OwedStops(this.ctx.storage);

  readonly #transfers = new Transfers(() => this.#deviceSocket());

  override async fetch(request: Request): Promise<Response> {
    const admission = Admission.parse(JSON.parse(request.headers.get(ADMISSION_HEADER) ?? "null"));
    const { 0: client, 1: server } = new WebSocketPair();
    if (admission.role === "device") await this.#admitDevice(server, admission.tenant, admission.device);
    else this.#admitUser(server, admission);
    return new Response(null, { status: 101, webSocket: client });
  }

  async #admitDevice(server: WebSocket, tenant: string, device: string) {
    const version = ((await this.ctx.storage.get<number>("version")) ?? 0) + 1;
    await this.ctx.storage.put({ version, tenant, device });
    const replaced = this.ctx.getWebSockets(DEVICE);
    this.ctx.acceptWebSocket(server, [DEVICE]);
    remember(server, { role: DEVICE, version, sinceMs: Date.now() });
    this.#device = undefined;
    this.#transfers.fail();
    for (const old of replaced) close(old, CLOSE.replaced);
    for (const stop of await this.#owedStops.take()) server.send(stopMessage(stop));
    await this.#record(true, version);
  }

  #admitUser(server: WebSocket, { sid, user, email, token, limits }: Admission & { role: "user" }) {
    this.ctx.acceptWebSocket(server, [USER, sid]);
    const nowMs = Date.now();
    const state = { kind: undefined, shell: false, session: false, outputBytes: 0 };
    remember(server, {
      role: USER,
      sid,
      user,
      email,
      token,
      limits,
      openedMs: nowMs,
      activeMs: nowMs,
      ...state,
    });
  }

  /** True if a device is at the other end. One that has been silent for long is asked, and let go if it does not answer. */
  async isConnected(): Promise<boolean> {
    const socket = this.#deviceSocket();
    const known = socket && recall(socket);
    if (known?.role !== "device") return false;
    if (Date.now() - Math.max(known.sinceMs, this.#heardMs) < SILENT_MS) return true;
    this.#probe ??= this.#transfers.answersPing().finally(() => (this.#probe = undefined));
    if (!(await this.#probe) && socket?.readyState === WebSocket.OPEN) await this.#drop(socket, CLOSE.silent);
    return this.#deviceSocket() !== undefined;
  }

  /** Asks the device's update client to act; false if the device is not connected. */
  request(typ: "check-update" | "send-inventory", userId?: string): boolean {
    const socket = this.#deviceSocket();
    socket?.send(clientRequest(typ, userId));
    return socket !== undefined;
  }

  sessions(): LiveSession[] {
    return this.#users().map(({ session }) => ({
      session_id: session.sid,
      user_id: session.user,
      user_email: session.email,
      opened_ms: session.openedMs,
      output_bytes: session.outputBytes,
    }));
  }

  /** Ends one session for both sides; false if there is none of that id. */
  async endSession(sid: string): Promise<boolean> {
    const user = this.#user(sid);
    if (!user) return false;
    await this.#end(user, CLOSE.ended);
    return true;
  }

  /** Sends a file to the device. */
  upload(
    user: string,
    target: UploadTarget,
    source: ReadableStream<Uint8Array>,
  ): Promise<Transferred<number>> {
    return this.#transfers.upload(user, target, source);
  }

  /** What the device says of a file. */
  stat(user: string, path: string): Promise<Transferred<FileInfo>> {
    return this.#transfers.stat(user, path);
  }

  /** Opens a file of the device. */
  download(user: string, path: string): Promise<Transferred<OpenedFile>> {
    return this.#transfers.download(user, path);
  }

  /** Ends everything: the device may not be connected any more. */
  async disconnect(): Promise<void> {
    for (const user of this.#users()) {
      await this.#end(user, CLOSE.deviceGone);
    }
    this.#transfers.fail();
    for (const socket of this.ctx.getWebSockets(DEVICE)) close(socket, CLOSE.revoked);
    await this.#record(false, (await this.ctx.storage.get<number>("version")) ?? 0);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const known = recall(socket);
    if (socket.readyState !== WebSocket.OPEN && !this.#isReplaced(socket, known.role)) return; // said before it knew
    if (known.role === "device") return this.#passFromDevice(socket, message);
    await this.#passFromUser({ socket, session: known }, message);
  }

  /** Of a device that has come back: what it said over the old connection is still to be passed on. */
  #isReplaced(socket: WebSocket, role: "device" | "user"): boolean {
    return role === "device" && this.#deviceSocket(socket) !== undefined;
  }

  /** Ends what must end by time: idle sessions, revoked ones, and records whose socket vanished unnoticed. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now();
    for (const { socket, session } of this.#users()) {
      const { idleMs } = session.limits;
      if (idleMs > 0 && nowMs - session.activeMs >= idleMs) await this.#drop(socket, CLOSE.idle);
      else if (!(await this.#mayGoOn(session))) await this.#drop(socket, CLOSE.revoked);
    }
    const live = new Set(this.#users().map(({ session }) => session.sid));
    for (const sid of await this.#recorder.open()) if (!live.has(sid)) await this.#recorder.end(sid, nowMs);
    if (live.size > 0) await this.#watch();
  }

  /** True while the token that opened the session is live and its user may connect to devices. */
  async #mayGoOn({ user, token }: UserSocket): Promise<boolean> {
    const of = await this.#identity();
    const actor = of && (await findUser(await this.#deps(), { tenant: of.tenant, subject: user, token }));
    return actor !== undefined && hasPermission(actor, "devices:connect");
  }

  /** Makes sure that the alarm rings while there are sessions. */
  async #watch() {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + WATCH_MS);
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    close(socket, { code: code === 1005 || code === 1006 ? 1000 : code, reason: "" });
    await this.#forget(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#forget(socket);
  }

  async #passFromUser({ socket, session }: LiveUser, message: string | ArrayBuffer) {
    const device = this.#deviceSocket();
    if (!device) return this.#drop(socket, CLOSE.deviceGone);
    const nowMs = Date.now();
    const outcome = fromUser(session, message, nowMs);
    if (outcome.kind === "close") return this.#drop(socket, outcome.close);
    const pace = paceOf(socket);
    if (!pace.mayGoOn(nowMs, outcome.frame.body?.byteLength)) return this.#drop(socket, CLOSE.tooMany);
    if (answersPing(outcome.frame)) pace.caughtUp();
    const begins = session.kind === undefined && outcome.session.kind !== undefined;
    if (begins && !(await this.#begin(outcome.session))) return this.#drop(socket, CLOSE.unrecorded);
    if (outcome.session !== session) remember(socket, outcome.session);
    const { sid, kind, openedMs } = outcome.session;
    if (outcome.size && kind)
      await this.#recorder.add(sid, { kind: "resize", offsetMs: nowMs - openedMs, ...outcome.size });
    for (const bytes of outcome.messages) {
      device.send(bytes);
      if (!paceOf(device).keepsUp(bytes.byteLength)) return this.#drop(socket, CLOSE.deviceBehind);
    }
  }

  /** Puts a session on record before its first message goes on. Nothing else runs meanwhile, so order is kept. */
  #begin({ sid, user, email, kind, openedMs }: UserSocket): Promise<boolean> {
    return this.ctx.blockConcurrencyWhile(async () => {
      try {
        const of = await this.#identity();
        if (!of || !kind) return false;
        await this.#recorder.start({ ...of, sid, user, email, kind, startedMs: openedMs });
        await this.#watch();
        return true;
      } catch (cause) {
        (await this.#deps()).log.error("session not recorded", { sid, cause });
        return false;
      }
    });
  }

  async #passFromDevice(socket: WebSocket, message: string | ArrayBuffer) {
    const outcome = fromDevice(message);
    if (outcome.kind === "close") return this.#drop(socket, outcome.close);
    const { sid, frame } = outcome;
    this.#heardMs = Date.now();
    const pace = paceOf(socket);
    // A transfer asks for its messages, and takes no more than it asked for.
    if (this.#transfers.take(sid, frame)) return pace.caughtUp();
    const user = this.#user(sid);
    if (!pace.mayGoOn(this.#heardMs, user && frame.body?.byteLength))
      return this.#drop(socket, CLOSE.tooMany);
    if (!user) return endsShell(frame) ? this.#owedStops.confirm(sid) : undefined;
    const session = afterDeviceFrame(user.session, frame);
    if (session !== user.session) remember(user.socket, session);
    const live = { socket: user.socket, session };
    if (session.outputBytes > session.limits.outputBytes)
      return this.#end(live, CLOSE.outputLimit, "session byte limit exceeded");
    const bytes = toUser(frame);
    user.socket.send(bytes);
    if (!paceOf(user.socket).keepsUp(bytes.byteLength)) return this.#end(live, CLOSE.userBehind);
    const data = outputOf(frame);
    const offsetMs = this.#heardMs - session.openedMs;
    if (data && session.kind === "terminal")
      await this.#recorder.add(sid, { kind: "output", offsetMs, data });
  }

  /** Closes a socket for its own fault; only that one, with what its going away entails. */
  async #drop(socket: WebSocket, reason: CloseReason) {
    const known = recall(socket);
    if (known.role === "user") return this.#end({ socket, session: known }, reason, "user disconnected");
    close(socket, reason);
    await this.#forget(socket);
  }

  /** Ends a session for both sides. Command-line clients wait for the shell's own stop, not for the socket. */
  async #end(user: LiveUser, reason: CloseReason, toDevice: string = reason.reason) {
    if (user.session.shell) user.socket.send(stopForUser(user.session, reason.reason));
    await this.#sayGoodbye(user, toDevice);
    close(user.socket, reason);
  }

  /** Tells the device that a user is gone, once, and puts the end on record. */
  async #sayGoodbye({ socket, session }: LiveUser, text: string) {
    const device = this.#deviceSocket();
    if (device) for (const bytes of farewells(session, text)) device.send(bytes);
    remember(socket, { ...session, kind: undefined, shell: false, session: false });
    if (session.shell) await this.#owedStops.add({ sid: session.sid, user: session.user, text });
    if (session.kind) await this.#recorder.end(session.sid, Date.now());
  }

  async #forget(socket: WebSocket) {
    const known = recall(socket);
    if (known.role === "user") this.#bySid.delete(known.sid);
    if (known.role === "user") return this.#sayGoodbye({ socket, session: known }, "user disconnected");
    if (this.#deviceSocket(socket)) return; // a newer connection has taken over
    this.#transfers.fail();
    for (const { socket: user, session } of this.#users()) {
      await this.#end({ socket: user, session }, CLOSE.deviceGone);
    }
    await this.#record(false, known.version);
  }

  /** The newest open device socket, if any, other than `except`. */
  #deviceSocket(except?: WebSocket): WebSocket | undefined {
    if (this.#device?.readyState === WebSocket.OPEN && this.#device !== except) return this.#device;
    let newest: { socket: WebSocket; version: number } | undefined;
    for (const socket of this.ctx.getWebSockets(DEVICE)) {
      const known = recall(socket);
      if (known.role !== "device" || socket === except || socket.readyState !== WebSocket.OPEN) continue;
      if (!newest || known.version > newest.version) newest = { socket, version: known.version };
    }
    this.#device = newest?.socket;
    return this.#device;
  }

  #users(): LiveUser[] {
    return this.ctx.getWebSockets(USER).flatMap(asLiveUser);
  }

  #user(sid: string): LiveUser | undefined {
    if (sid.length !== SID_LENGTH) return undefined;
    const known = this.#bySid.get(sid);
    const found = (known ? [known] : this.ctx.getWebSockets(sid)).flatMap(asLiveUser);
    const user = found.find(({ session }) => session.sid === sid);
    if (user) this.#bySid.set(sid, user.socket);
    else this.#bySid.delete(sid);
    return user;
  }

  async #record(connected: boolean, version: number) {
    const of = await this.#identity();
    if (of) await recordConnection(await this.#deps(), { ...of, connected, version });
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
    });
  }
}
