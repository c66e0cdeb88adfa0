import {
  integerProp,
  decodeFrame,
  encodeFrame,
  forDevice,
  forUser,
  makeFrame,
  MAX_TO_DEVICE_BYTES,
  PROTO,
  type Frame,
} from "./frame.ts";
import { mapEntries, MsgpackFault, readText, writeSmall } from "./msgpack.ts";
import type { OwedStop } from "./pending-stops.ts";
import type { FileAct } from "./session-record.ts";
import { CLOSE, LIMITS, type CloseReason, type SessionKind, type UserSocket } from "./sockets.ts";

/**
 * The rules of passing messages between a device and its users, without sockets: what goes to whom, what a session
 * remembers afterwards, and when a socket must be closed. The object carries the outcome out.
 */
export type UserOutcome =
  | { kind: "close"; close: CloseReason }
  | {
      kind: "pass";
      frame: Frame;
      messages: Uint8Array[];
      size: TerminalSize | undefined;
      /** A protocol that the session has not spoken before. */
      begins: SessionKind | undefined;
      act: FileAct | undefined;
    };

export interface TerminalSize {
  width: number;
  height: number;
}

/** Terminal output in a message of the device. */
export const outputOf = (frame: Frame): Uint8Array | undefined =>
  frame.proto === PROTO.shell && frame.typ === "shell" ? frame.body : undefined;

/** True for a user's answer to the device's question, which has come after all that the device had sent before. */
export const answersPing = (frame: Frame): boolean => frame.typ === "pong";

/** True for the word that a shell is over, or never was. */
export const endsShell = (frame: Frame): boolean => frame.proto === PROTO.shell && frame.typ === "stop";

export type DeviceOutcome =
  | { kind: "close"; close: CloseReason }
  | { kind: "pass"; sid: string; frame: Frame };

const encoder = new TextEncoder();

/** Shell input that one message to a device can carry beside its header. */
const MAX_INPUT = 4096;

function readMessage(message: string | ArrayBuffer): Frame | CloseReason {
  const bytes = typeof message === "string" ? encoder.encode(message) : new Uint8Array(message);
  if (bytes.byteLength > LIMITS.messageBytes) return CLOSE.tooLarge;
  try {
    return decodeFrame(bytes);
  } catch (cause) {
    if (cause instanceof MsgpackFault) return CLOSE.malformed;
    throw cause;
  }
}

const isClose = (value: Frame | CloseReason): value is CloseReason => "code" in value;

/** Keystrokes pasted in one piece are cut, since a device ends its connection on a long message. */
function pieces(frame: Frame): Frame[] {
  const { body } = frame;
  if (!body || body.byteLength <= MAX_INPUT || frame.proto !== PROTO.shell || frame.typ !== "shell")
    return [frame];
  const count = Math.ceil(body.byteLength / MAX_INPUT);
  return Array.from({ length: count }, (_, i) => ({
    ...frame,
    body: body.subarray(i * MAX_INPUT, (i + 1) * MAX_INPUT),
  }));
}

/** Grain of the time of a user's last message, which is kept with the socket. */
const ACTIVE_GRAIN_MS = 1000;

const KINDS: ReadonlyMap<number, SessionKind> = new Map([
  [PROTO.shell, "terminal"],
  [PROTO.fileTransfer, "filetransfer"],
  [PROTO.portForward, "portforward"],
]);

/** What a session knows after a message of its user. */
export function afterUserFrame(session: UserSocket, frame: Frame, nowMs: number): UserSocket {
  const isFresh = nowMs - session.activeMs < ACTIVE_GRAIN_MS;
  const kind = KINDS.get(frame.proto);
  const isNew = kind !== undefined && !session.kinds.includes(kind);
  const after = { ...session };
  if (!isFresh) after.activeMs = nowMs;
  if (isNew) after.kinds = [...session.kinds, kind];
  if (frame.proto !== PROTO.shell) after.session = !(frame.proto === PROTO.control && frame.typ === "close");
  else if (frame.typ === "new") after.shell = true;
  else if (frame.typ === "stop") after.shell = false;
  const isSame = isFresh && !isNew && after.session === session.session && after.shell === session.shell;
  return isSame ? session : after;
}

const FILE_ACTS: ReadonlyMap<string, FileAct["action"]> = new Map([
  ["put_file", "upload_file"],
  ["get_file", "download_file"],
]);

/** What a message of the user does with a file; a path that cannot be read is none that the device could. */
function fileActOf({ proto, typ, body }: Frame): FileAct | undefined {
  const action = proto === PROTO.fileTransfer ? FILE_ACTS.get(typ) : undefined;
  return action && { action, path: pathIn(body) };
}

function pathIn(body: Uint8Array | undefined): string {
  try {
    const path = body && mapEntries(body).get("path");
    return (path && readText(path)) ?? "";
  } catch (cause) {
    if (cause instanceof MsgpackFault) return "";
    throw cause;
  }
}

/** The terminal size that a message of the user sets. */
function sizeOf(frame: Frame): TerminalSize | undefined {
  if (frame.proto !== PROTO.shell || (frame.typ !== "new" && frame.typ !== "resize")) return undefined;
  const width = integerProp(frame, "terminal_width");
  const height = integerProp(frame, "terminal_height");
  return width && height && width > 0 && height > 0 && width <= 0xffff && height <= 0xffff
    ? { width, height }
    : undefined;
}

/** A message of a user on its way to the device. */
export function fromUser(session: UserSocket, message: string | ArrayBuffer): UserOutcome {
  const frame = readMessage(message);
  if (isClose(frame)) return { kind: "close", close: frame };
  const messages = pieces(frame).map((piece) => encodeFrame(forDevice(piece, session.sid, session.user)));
  if (messages.some((bytes) => bytes.byteLength > MAX_TO_DEVICE_BYTES))
    return { kind: "close", close: CLOSE.tooLarge };
  const kind = KINDS.get(frame.proto);
  return {
    kind: "pass",
    frame,
    messages,
    size: sizeOf(frame),
    begins: kind !== undefined && !session.kinds.includes(kind) ? kind : undefined,
    act: fileActOf(frame),
  };
}

/** A message of the device: for one session, or for nobody if it names none. */
export function fromDevice(message: string | ArrayBuffer): DeviceOutcome {
  const frame = readMessage(message);
  if (isClose(frame)) return { kind: "close", close: frame };
  return { kind: "pass", sid: frame.sid, frame };
}

/**
 * What a session knows after a message of its device: terminal output is counted. A shell that ended by itself still counts
 * against its user on the device until it is stopped, so that changes nothing.
 */
export function afterDeviceFrame(session: UserSocket, frame: Frame): UserSocket {
  const output = outputOf(frame);
  return output ? { ...session, outputBytes: session.outputBytes + output.byteLength } : session;
}

export const toUser = (frame: Frame): Uint8Array => encodeFrame(forUser(frame));

const stopFrame = (sid: string, text: string) =>
  makeFrame({
    proto: PROTO.shell,
    typ: "stop",
    sid,
    props: [["status", writeSmall(2)]],
    body: encoder.encode(text),
  });

/** Ends a shell in place of its user. */
export const stopMessage = ({ sid, user, text }: OwedStop): Uint8Array =>
  encodeFrame(forDevice(stopFrame(sid, text), sid, user));

/** What the device is told in place of a user whose socket is gone: nothing of the session may live on. */
export function farewells(session: UserSocket, text = "user disconnected"): Uint8Array[] {
  const messages: Uint8Array[] = [];
  if (session.shell) messages.push(stopMessage({ sid: session.sid, user: session.user, text }));
  if (session.session)
    messages.push(encodeFrame(makeFrame({ proto: PROTO.control, typ: "close", sid: session.sid })));
  return messages;
}

/** What the user of a shell is told when it ends without the device's word. */
export const stopForUser = (session: UserSocket, text: string): Uint8Array =>
  encodeFrame(forUser(stopFrame(session.sid, text)));

/** A request to the device's update client; it needs no session (protocol notes, deviceconnect 3.5). */
export function clientRequest(
  typ: "check-update" | "send-inventory",
  userId: string | undefined,
): Uint8Array {
  const frame = makeFrame({ proto: PROTO.client, typ });
  return encodeFrame(userId === undefined ? frame : forDevice(frame, "", userId));
}
