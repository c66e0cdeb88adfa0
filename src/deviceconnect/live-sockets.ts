import { asLiveUser, recall, type LiveUser } from "./socket-state.ts";

const DEVICE = "device";
const USER = "user";

/** Of the ids that are given to sessions; what a device makes up may be anything. */
const SID_LENGTH = 36;

/** The open sockets of an object. What was looked up is kept until an eviction. */
export class LiveSockets {
  readonly #state: DurableObjectState;
  #device: WebSocket | undefined;
  readonly #bySid = new Map<string, WebSocket>();

  constructor(state: DurableObjectState) {
    this.#state = state;
  }

  /** Takes over a socket of the device and returns those it replaces. */
  acceptDevice(socket: WebSocket): WebSocket[] {
    const replaced = this.devices();
    this.#state.acceptWebSocket(socket, [DEVICE]);
    this.#device = undefined;
    return replaced;
  }

  acceptUser(socket: WebSocket, sid: string): void {
    this.#state.acceptWebSocket(socket, [USER, sid]);
  }

  /** All sockets of the device, also those that are closing. */
  devices(): WebSocket[] {
    return this.#state.getWebSockets(DEVICE);
  }

  /** The newest open device socket, if any, other than `except`. */
  device(except?: WebSocket): WebSocket | undefined {
    if (this.#device?.readyState === WebSocket.OPEN && this.#device !== except) return this.#device;
    let newest: { socket: WebSocket; version: number } | undefined;
    for (const socket of this.devices()) {
      const known = recall(socket);
      if (known.role !== "device" || socket === except || socket.readyState !== WebSocket.OPEN) continue;
      if (!newest || known.version > newest.version) newest = { socket, version: known.version };
    }
    this.#device = newest?.socket;
    return this.#device;
  }

  users(): LiveUser[] {
    return this.#state.getWebSockets(USER).flatMap(asLiveUser);
  }

  user(sid: string): LiveUser | undefined {
    if (sid.length !== SID_LENGTH) return undefined;
    const known = this.#bySid.get(sid);
    const found = (known ? [known] : this.#state.getWebSockets(sid)).flatMap(asLiveUser);
    const user = found.find(({ session }) => session.sid === sid);
    if (user) this.#bySid.set(sid, user.socket);
    else this.#bySid.delete(sid);
    return user;
  }

  forget(sid: string): void {
    this.#bySid.delete(sid);
  }
}
