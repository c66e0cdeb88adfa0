import type { HeldSessions, Surroundings } from "./held-sessions.ts";
import type { OwedStops } from "./pending-stops.ts";
import { close, paceOf, recall, remember, type LiveUser } from "./socket-state.ts";
import { CLOSE, type CloseReason, type UserSocket } from "./sockets.ts";
import {
  afterDeviceFrame,
  afterUserFrame,
  answersPing,
  endsShell,
  farewells,
  fromDevice,
  fromUser,
  outputOf,
  stopForUser,
  toUser,
  type UserOutcome,
} from "./switchboard.ts";
import { Turns } from "./turns.ts";

/** Passes messages between a device and its users, as far as their rights go, and ends what breaks a rule or goes away. */
export class Exchange {
  readonly #of: Surroundings;
  readonly #held: HeldSessions;
  readonly #owedStops: OwedStops;
  /** A connection of this version is gone, and no newer one has taken over. */
  readonly #deviceGone: (version: number) => Promise<void>;
  readonly #turns = new Turns();
  /** When the device said something last, as far as this instance knows. */
  heardMs = 0;

  constructor(
    of: Surroundings,
    held: HeldSessions,
    owedStops: OwedStops,
    deviceGone: (version: number) => Promise<void>,
  ) {
    this.#of = of;
    this.#held = held;
    this.#owedStops = owedStops;
    this.#deviceGone = deviceGone;
  }

  /** A message that has come over a socket; those of one socket are passed on in their order. */
  async take(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (!this.#turns.hasRoom(socket)) return this.drop(socket, CLOSE.tooMany);
    await this.#turns.take(socket, async () => {
      const known = recall(socket);
      if (socket.readyState !== WebSocket.OPEN && !this.#isReplaced(socket, known.role)) return; // said before it knew
      if (known.role === "device") return this.#passFromDevice(socket, message);
      await this.#passFromUser({ socket, session: known }, message);
    });
  }

  /** The peer is gone; what it said before comes first. */
  leave(socket: WebSocket): Promise<void> {
    return this.#turns.take(socket, () => this.#forget(socket));
  }

  /** Of a device that has come back: what it said over the old connection is still to be passed on. */
  #isReplaced(socket: WebSocket, role: "device" | "user"): boolean {
    return role === "device" && this.#of.sockets.device(socket) !== undefined;
  }

  /** False, and all sessions are over, if nobody can say whose right still stands. */
  async #mayPass(): Promise<boolean> {
    if (await this.#held.rights.hold()) return true;
    await this.#held.endUnverified((user) => this.end(user, CLOSE.unverified));
    return false;
  }

  async #passFromUser({ socket, session }: LiveUser, message: string | ArrayBuffer) {
    const { sockets, recorder, now } = this.#of;
    if (!sockets.device()) return this.drop(socket, CLOSE.deviceGone);
    const outcome = fromUser(session, message);
    if (outcome.kind === "close") return this.drop(socket, outcome.close);
    const pace = paceOf(socket);
    if (!pace.mayGoOn(now(), outcome.frame.body?.byteLength)) return this.drop(socket, CLOSE.tooMany);
    if (answersPing(outcome.frame)) pace.caughtUp();
    if (!(await this.#mayPass())) return;
    if (!(await this.#isOnRecord(session, outcome))) return this.drop(socket, CLOSE.unrecorded);
    const current = recall(socket) as UserSocket; // a socket keeps its role
    if (current.ended) return;
    const device = sockets.device();
    if (!device) return this.drop(socket, CLOSE.deviceGone);
    const nowMs = now();
    const after = afterUserFrame(current, outcome.frame, nowMs);
    if (after !== current) remember(socket, after);
    if (outcome.size)
      await recorder.add(after.sid, {
        kind: "resize",
        offsetMs: nowMs - after.openedMs,
        ...outcome.size,
      });
    for (const bytes of outcome.messages) {
      device.send(bytes);
      if (!paceOf(device).keepsUp(bytes.byteLength)) return this.drop(socket, CLOSE.deviceBehind);
    }
  }

  /** Puts on record what a message begins, before it goes on. */
  async #isOnRecord({ sid }: UserSocket, { begins, act }: UserOutcome & { kind: "pass" }): Promise<boolean> {
    const { recorder, now, deps } = this.#of;
    try {
      if (begins) await recorder.use(sid, begins, now());
      if (act) await recorder.act(sid, act, now());
      return true;
    } catch (cause) {
      (await deps()).log.error("session not recorded", { sid, cause });
      return false;
    }
  }

  async #passFromDevice(socket: WebSocket, message: string | ArrayBuffer) {
    const { sockets, now } = this.#of;
    const outcome = fromDevice(message);
    if (outcome.kind === "close") return this.drop(socket, outcome.close);
    const { sid, frame } = outcome;
    this.heardMs = now();
    const isHeld = this.#held.transfers.isHeld(sid) || sockets.user(sid) !== undefined;
    if (isHeld && !(await this.#mayPass())) return;
    const pace = paceOf(socket);
    // A transfer asks for its messages, and takes no more than it asked for.
    if (this.#held.transfers.take(sid, frame)) return pace.caughtUp();
    const user = sockets.user(sid);
    if (!pace.mayGoOn(this.heardMs, user && frame.body?.byteLength)) return this.drop(socket, CLOSE.tooMany);
    if (!user) return endsShell(frame) ? this.#owedStops.confirm(sid) : undefined;
    const session = afterDeviceFrame(user.session, frame);
    if (session !== user.session) remember(user.socket, session);
    const live = { socket: user.socket, session };
    if (session.outputBytes > session.limits.outputBytes)
      return this.end(live, CLOSE.outputLimit, "session byte limit exceeded");
    const bytes = toUser(frame);
    user.socket.send(bytes);
    if (!paceOf(user.socket).keepsUp(bytes.byteLength)) return this.end(live, CLOSE.userBehind);
    const data = outputOf(frame);
    const offsetMs = this.heardMs - session.openedMs;
    if (data) await this.#of.recorder.add(sid, { kind: "output", offsetMs, data });
  }

  /** Closes a socket for its own fault; only that one, with what its going away entails. */
  async drop(socket: WebSocket, reason: CloseReason): Promise<void> {
    const known = recall(socket);
    if (known.role === "user") return this.end({ socket, session: known }, reason, "user disconnected");
    close(socket, reason);
    await this.#forget(socket);
  }

  /** Ends a session for both sides. Command-line clients wait for the shell's own stop, not for the socket. */
  async end(user: LiveUser, reason: CloseReason, toDevice: string = reason.reason): Promise<void> {
    const isOpen = user.socket.readyState === WebSocket.OPEN;
    if (isOpen && user.session.shell) user.socket.send(stopForUser(user.session, reason.reason));
    const recorded = this.#sayGoodbye(user, toDevice);
    close(user.socket, reason);
    await recorded;
  }

  /** Tells the device that a user is gone, once, and then puts the end on record. */
  async #sayGoodbye({ socket, session }: LiveUser, text: string) {
    if (session.ended) return;
    const device = this.#of.sockets.device();
    if (device) for (const bytes of farewells(session, text)) device.send(bytes);
    remember(socket, { ...session, shell: false, session: false, ended: true });
    if (session.shell) await this.#owedStops.add({ sid: session.sid, user: session.user, text });
    await this.#held.putEndOnRecord(session.sid);
  }

  async #forget(socket: WebSocket) {
    const { sockets } = this.#of;
    const known = recall(socket);
    if (known.role === "user") {
      sockets.forget(known.sid);
      return this.#sayGoodbye({ socket, session: known }, "user disconnected");
    }
    if (sockets.device(socket)) return; // a newer connection has taken over
    this.#held.transfers.fail();
    for (const user of sockets.users()) await this.end(user, CLOSE.deviceGone);
    await this.#deviceGone(known.version);
  }
}
