import { decode, encode } from "@msgpack/msgpack";

/** Protocols of the envelope; what is of others is for other programs. */
export const SHELL = 1;
export const CONTROL = 0xffff;

export interface Frame {
  proto: number;
  typ: string;
  sid?: string;
  props?: Record<string, unknown>;
  body?: Uint8Array;
}

/** One binary message. What is absent is left out, and the body is bytes. */
export function encodeFrame({ proto, typ, sid, props, body }: Frame): Uint8Array<ArrayBuffer> {
  const hdr = { proto, typ, ...(sid !== undefined && { sid }), ...(props && { props }) };
  return encode({ hdr, ...(body && { body }) });
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !(value instanceof Uint8Array);

function decoded(bytes: ArrayBuffer | Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

/** What a message says; undefined for what is none. */
export function decodeFrame(bytes: ArrayBuffer): Frame | undefined {
  const message = decoded(bytes);
  if (!isMap(message) || !isMap(message.hdr)) return undefined;
  const { proto, typ, sid, props } = message.hdr;
  if (typeof proto !== "number" || typeof typ !== "string") return undefined;
  const { body } = message;
  return {
    proto,
    typ,
    ...(typeof sid === "string" && sid !== "" && { sid }),
    ...(isMap(props) && { props }),
    ...(body instanceof Uint8Array && { body }),
    ...(typeof body === "string" && { body: new TextEncoder().encode(body) }),
  };
}

/** What an error says; its body is a map of its own. */
export function errorOf({ body }: Frame): string {
  const said = body && decoded(body);
  return isMap(said) && typeof said.err === "string" ? said.err : "The device says that something is wrong.";
}

/** A device takes messages of up to 8 KiB with all that belongs to them. */
const PIECE_BYTES = 4096;

/** What was typed or pasted, in pieces that a device takes. */
export function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
