import { Pace } from "./backpressure.ts";
import type { Socket, UserSocket } from "./sockets.ts";

export interface LiveUser {
  socket: WebSocket;
  session: UserSocket;
}

/** Attachments as they were read or written last, so that they are not read again for every message. */
const remembered = new WeakMap<WebSocket, Socket>();

export function remember(socket: WebSocket, known: Socket): void {
  remembered.set(socket, known);
  socket.serializeAttachment(known);
}

export function recall(socket: WebSocket): Socket {
  const known = remembered.get(socket) ?? (socket.deserializeAttachment() as Socket); // written by `remember` for every socket
  remembered.set(socket, known);
  return known;
}

const paces = new WeakMap<WebSocket, Pace>();

export function paceOf(socket: WebSocket): Pace {
  const pace = paces.get(socket) ?? new Pace();
  paces.set(socket, pace);
  return pace;
}

export function asLiveUser(socket: WebSocket): LiveUser[] {
  const session = recall(socket);
  return session.role === "user" && socket.readyState === WebSocket.OPEN ? [{ socket, session }] : [];
}

/** Closing a socket that is already gone is not an error. */
export function close(socket: WebSocket, { code, reason }: { code: number; reason: string }) {
  try {
    socket.close(code, reason);
  } catch {
    // The peer was faster.
  }
}
