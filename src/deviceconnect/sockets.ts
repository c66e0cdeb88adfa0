import { z } from "@hono/zod-openapi";

/** Which token a device's socket was opened with; it ends with that. */
export interface DeviceToken {
  authSet: string;
  issuedS: number;
  /** Undefined for a token without end. */
  expiresMs: number | undefined;
}

/** What a socket of a device's object remembers about itself; it survives hibernation with the socket. */
export interface DeviceSocket {
  role: "device";
  /** Grows with every connection of this device, so that a late goodbye of an old one changes nothing. */
  version: number;
  sinceMs: number;
  token: DeviceToken;
}

/** Protocols that a session is audited for, by their names in the audit log. */
export type SessionKind = "terminal" | "portforward" | "filetransfer";

/** Who holds a session: it ends when the token is not live any more or the user may not connect to devices. */
export interface Holder {
  user: string;
  email: string;
  /** Id of the token. */
  token: string;
}

export interface UserSocket extends Holder {
  role: "user";
  sid: string;
  /** End of the token; undefined if it has none. */
  expiresMs: number | undefined;
  openedMs: number;
  /** Last message of the user. */
  activeMs: number;
  /** Protocols the user has spoken so far. */
  kinds: readonly SessionKind[];
  /** The tenant's limits at the time of the upgrade. */
  limits: SessionLimits;
  /** A shell was asked for and the user has not stopped it: the device must be told when this user goes away. */
  shell: boolean;
  /** Another protocol was used: the device keeps a session for it until it is closed. */
  session: boolean;
  /** Bytes of terminal output passed on so far. */
  outputBytes: number;
  /** The device was told and the end is on record, or about to be. */
  ended: boolean;
}

/** What a session is until it says what it is for. */
export const UNSPOKEN = "connection";

/** A live session as operators see it. */
export interface LiveSession {
  session_id: string;
  user_id: string;
  user_email: string;
  kind: SessionKind | typeof UNSPOKEN;
  opened_ms: number;
  output_bytes: number;
}

export interface SessionLimits {
  outputBytes: number;
  /** Silence of the user after which the session ends; 0: never. */
  idleMs: number;
}

export type Socket = DeviceSocket | UserSocket;

/** What the gateway tells the object about an upgrade it has admitted. */
export const Admission = z.discriminatedUnion("role", [
  z.object({
    role: z.literal("device"),
    tenant: z.string(),
    device: z.string(),
    token: z.object({ authSet: z.string(), issuedS: z.number(), expiresMs: z.number().optional() }),
  }),
  z.object({
    role: z.literal("user"),
    tenant: z.string(),
    device: z.string(),
    sid: z.string(),
    user: z.string(),
    email: z.string(),
    token: z.string(),
  }),
]);

export type Admission = z.output<typeof Admission>;

/** Header in which an admission travels to the object; never accepted from outside, because the gateway sets it anew. */
export const ADMISSION_HEADER = "x-edgemend-admission";

/** Why the object takes no session; its answer to an upgrade names the reason. */
export const REFUSALS = ["limit", "revoked", "gone", "unrecorded"] as const;

export type Refusal = (typeof REFUSALS)[number];

/** Close codes and reasons that peers get (protocol notes, deviceconnect 4). */
export const CLOSE = {
  replaced: { code: 1011, reason: "connection closed by the server" },
  malformed: { code: 1011, reason: "malformed message" },
  tooLarge: { code: 1009, reason: "message too large" },
  tooMany: { code: 1008, reason: "too many messages" },
  deviceBehind: { code: 1013, reason: "device does not keep up" },
  userBehind: { code: 1008, reason: "client does not keep up" },
  outputLimit: { code: 1008, reason: "session byte limit exhausted" },
  silent: { code: 1011, reason: "device does not answer" },
  deviceGone: { code: 1011, reason: "device disconnected" },
  ended: { code: 1008, reason: "session ended by an operator" },
  idle: { code: 1008, reason: "session idle for too long" },
  unrecorded: { code: 1013, reason: "session cannot be recorded, try again later" },
  revoked: { code: 1008, reason: "access revoked" },
  expired: { code: 1008, reason: "token expired" },
  unverified: { code: 1013, reason: "access cannot be verified, try again later" },
  normal: { code: 1000, reason: "" },
} as const;

export type CloseReason = (typeof CLOSE)[keyof typeof CLOSE];

/** Limits of one socket (protocol notes, deviceconnect 8). */
export const LIMITS = {
  messageBytes: 8 * 1024 * 1024,
  messagesPerSecond: 5000,
  /** On the way to a peer that does not answer. */
  aheadBytes: 16 * 1024 * 1024,
} as const;
