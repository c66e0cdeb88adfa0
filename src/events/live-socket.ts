import { z } from "zod";
import type { Wanted } from "./list.ts";

/** What the gateway tells the tenant's object about an upgrade it has admitted. */
export const Admission = z.object({
  tenant: z.string(),
  user: z.string(),
  token: z.string(),
  types: z.array(z.string()).optional(),
  device: z.string().optional(),
  deployment: z.string().optional(),
  /** Undefined to begin with what happens next. */
  cursor: z.number().optional(),
  protocol: z.string().optional(),
});

export type Admission = z.output<typeof Admission>;

/** Header in which an admission travels to the object; never accepted from outside, because the gateway sets it anew. */
export const ADMISSION_HEADER = "x-edgemend-follower";

/** The protocol of CloudEvents over sockets: a text message for each event. */
export const PROTOCOL = "cloudevents.json";

/** What a socket remembers about itself; it survives hibernation with the socket. */
export interface Follower {
  tenant: string;
  user: string;
  token: string;
  wanted: Wanted;
  /** Everything up to here was sent or is not wanted. */
  position: number;
  /** Events sent since the last mark, and the places of marks that the reader has not acknowledged. */
  sent: number;
  marks: number[];
  /** The device that its reader looks at. */
  at?: string | undefined;
}

/** Between two marks; and as many that are ahead of the reader. */
const MARK_EVENTS = 100;
const MAX_MARKS = 10;

/** Whether the reader is so far behind that nothing more is sent. */
export const isBehind = ({ marks }: Follower): boolean => marks.length >= MAX_MARKS;

/** After an event was sent. */
export function sentOne(follower: Follower, position: number): void {
  follower.position = position;
  follower.sent += 1;
  if (follower.sent < MARK_EVENTS) return;
  follower.sent = 0;
  follower.marks.push(position);
}

export const acknowledge = (follower: Follower, position: number): void => {
  follower.marks = follower.marks.filter((mark) => mark > position);
};

const MAX_MESSAGE = 1024;
const MAX_AT = 128;

/** What a reader says: how far it has come, what it looks at, or that it is there. */
interface Said {
  ack?: number;
  at?: string | null;
}

const Message = z.union([
  z.object({ ack: z.string().regex(/^\d{1,15}$/) }),
  z.object({ at: z.string().min(1).max(MAX_AT).nullable() }).strict(),
  z.object({ ping: z.unknown().optional() }).strict(),
]);

/** What a reader says; undefined if that is nothing it may. */
export function readMessage(message: string | ArrayBuffer): Said | undefined {
  if (typeof message !== "string" || message.length > MAX_MESSAGE) return undefined;
  try {
    const said = Message.parse(JSON.parse(message));
    if ("ack" in said) return { ack: Number(said.ack) };
    return "at" in said ? { at: said.at } : {};
  } catch {
    return undefined;
  }
}

export const recall = (socket: WebSocket): Follower => socket.deserializeAttachment() as Follower; // by `remember`
export const remember = (socket: WebSocket, follower: Follower): void => socket.serializeAttachment(follower);

export const CLOSE = {
  malformed: { code: 1003, reason: "malformed message" },
  revoked: { code: 1008, reason: "access revoked" },
  gone: { code: 1008, reason: "the reader was away for too long" },
  normal: { code: 1000, reason: "" },
} as const;

export function close(socket: WebSocket, { code, reason }: { code: number; reason: string }): void {
  try {
    socket.close(code, reason);
  } catch {
    // It is closed.
  }
}
