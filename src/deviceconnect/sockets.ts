import { z } from "@hono/zod-openapi";

/** What a socket of a device's object remembers about itself; it survives hibernation with the socket. */
export interface DeviceSocket {
  role: "device";
  /** Grows with every connection of this device, so that a late goodbye of an old one changes nothing. */
  version: number;
  sinceMs: number;
}

export interface UserSocket {
  role: "user";
  sid: string;
  user: string;
  email: string;
  /** Id of the token the session was opened with; the session ends when that is revoked. */
  token: string;
  openedMs: number;
  /** Last message of the user. */
  activeMs: number;
  /** What the session turned out to be; nothing is on record before. */
  kind: "terminal" | "portforward" | undefined;
  /** The tenant's limits at the time of the upgrade. */
  limits: SessionLimits;
  /** A shell was asked for and the user has not stopped it: the device must be told when this user goes away. */
  shell: boolean;
  /** Another protocol was used: the device keeps a session for it until it is closed. */
  session: boolean;
  /** Bytes of terminal output passed on so far. */
  outputBytes: number;
}

export interface SessionLimits {
  outputBytes: number;
  /** Silence of the user after which the session ends; 0: never. */
  idleMs: number;
}

export type Socket = DeviceSocket | UserSocket;

/** What the gateway tells the object about an upgrade it has admitted. */
export const Admission = z.discriminatedUnion("role", [
  z.object({ role: z.literal("device"), tenant: z.string(), device: z.string() }),
  z.object({
    role: z.literal("user"),
    tenant: z.string(),
    device: z.string(),
    sid: z.string(),
    user: z.string(),
    email: z.string(),
    token: z.string(),
    limits: z.object({ outputBytes: z.number(), idleMs: z.number() }),
  }),
]);

export type Admission = z.output<typeof Admission>;

/** Header in which an admission travels to the object; never accepted from outside, because the gateway sets it anew. */
export const ADMISSION_HEADER = "x-edgemend-admission";

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
