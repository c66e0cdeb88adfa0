import {
  binaryHeader,
  concat,
  mapEntries,
  mapHeader,
  MsgpackFault,
  readBytes,
  readInteger,
  readText,
  writeInt64,
  writeText,
  writeUint16,
} from "./msgpack.ts";

/** Protocol numbers of the envelope (protocol notes, deviceconnect 2). */
export const PROTO = { shell: 1, fileTransfer: 2, portForward: 3, client: 4, control: 0xffff } as const;

/** A device closes its connection on a longer message. */
export const MAX_TO_DEVICE_BYTES = 8192;

/** One message. Properties are kept as they stood on the wire, so that passing them on changes no width. */
export interface Frame {
  proto: number;
  typ: string;
  sid: string;
  props: Map<string, Uint8Array>;
  body: Uint8Array | undefined;
}

/** Reads a message; throws `MsgpackFault` for whatever is not one. Unknown members are ignored. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const message = mapEntries(bytes);
  const headerBytes = message.get("hdr");
  if (!headerBytes) throw new MsgpackFault("message without header");
  const header = mapEntries(headerBytes);
  const proto = header.get("proto");
  const number = proto && readInteger(proto);
  if (number === undefined || number < 0 || number > 0xffff)
    throw new MsgpackFault("message without protocol");
  const props = header.get("props");
  const body = message.get("body");
  return {
    proto: number,
    typ: optionalText(header.get("typ")),
    sid: optionalText(header.get("sid")),
    props: props && !isNil(props) ? mapEntries(props) : new Map<string, Uint8Array>(),
    body: body && !isNil(body) ? bodyBytes(body) : undefined,
  };
}

const isNil = (value: Uint8Array) => value[0] === 0xc0;

function optionalText(value: Uint8Array | undefined): string {
  if (!value || isNil(value)) return "";
  const text = readText(value);
  if (text === undefined) throw new MsgpackFault("header member is not text");
  return text;
}

function bodyBytes(value: Uint8Array): Uint8Array {
  const bytes = readBytes(value);
  if (!bytes) throw new MsgpackFault("body is neither bytes nor text");
  return bytes;
}

/** Writes a message; empty members are left out, as every peer expects. */
export function encodeFrame({ proto, typ, sid, props, body }: Frame): Uint8Array {
  const hasBody = body !== undefined && body.byteLength > 0;
  const members = 2 + (sid === "" ? 0 : 1) + (props.size === 0 ? 0 : 1);
  const pieces = [mapHeader(hasBody ? 2 : 1), writeText("hdr"), mapHeader(members)];
  pieces.push(writeText("proto"), writeUint16(proto), writeText("typ"), writeText(typ));
  if (sid !== "") pieces.push(writeText("sid"), writeText(sid));
  if (props.size > 0) {
    pieces.push(writeText("props"), mapHeader(props.size));
    for (const [name, value] of props) pieces.push(writeText(name), value);
  }
  if (hasBody) pieces.push(writeText("body"), binaryHeader(body.byteLength), body);
  return concat(pieces);
}

type NewFrame = {
  proto: number;
  typ: string;
  sid?: string;
  props?: [string, Uint8Array][];
  body?: Uint8Array;
};

export const makeFrame = ({ proto, typ, sid = "", props = [], body }: NewFrame): Frame => ({
  proto,
  typ,
  sid,
  props: new Map(props),
  body,
});

export const integerProp = (frame: Frame, name: string): number | undefined => {
  const value = frame.props.get(name);
  return value && readInteger(value);
};

/** A user's message as its device may see it: session and user are the server's word, never the sender's. */
export const forDevice = (frame: Frame, sid: string, userId: string): Frame => ({
  ...frame,
  sid,
  props: new Map(frame.props).set("user_id", writeText(userId)),
});

/** Clients that read `status` and `timeout` do so as 64-bit integers or loosely; never otherwise. */
const WIDE_PROPS = ["status", "timeout"] as const;

/** A device's message as its user's client can read it (protocol notes, deviceconnect 2). */
export function forUser(frame: Frame): Frame {
  const props = new Map(frame.props);
  for (const name of WIDE_PROPS) {
    const value = integerProp(frame, name);
    if (value !== undefined) props.set(name, writeInt64(value));
  }
  return { ...frame, props };
}
