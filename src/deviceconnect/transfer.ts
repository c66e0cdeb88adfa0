import { decode, encode } from "@msgpack/msgpack";
import { z } from "zod";
import { HTTP } from "../platform/limits.ts";
import { integerProp, makeFrame, PROTO, type Frame } from "./frame.ts";
import { concat, writeInt64, writeMap, writeText, writeUint32 } from "./msgpack.ts";

/**
 * File transfer with the server as the device's peer (protocol notes, deviceconnect 3.3 and 7). Both directions are paced by
 * the receiver's acknowledgements end to end: nothing is held beyond one window.
 */

/** The session with a device that a transfer talks through. Receiving fails when the device is silent or gone. */
export interface Peer {
  send(frame: Frame): void;
  /** Next message of the device for this session; undefined if none came in time. Throws `TransferFault` when it is gone. */
  receive(timeoutMs: number): Promise<Frame | undefined>;
  /** Waits for so many messages, or for one that the device does not follow up. They are left for `receive`. */
  gather(count: number, isFollowed: (frame: Frame) => boolean, timeoutMs: number): Promise<void>;
}

type TransferStatus = 400 | 401 | 408 | 409 | 422 | 500 | 502 | 503;

export class TransferFault extends Error {
  readonly status: TransferStatus;

  constructor(status: TransferStatus, message: string) {
    super(message);
    this.status = status;
  }
}

export interface UploadTarget {
  path: string;
  /** Name of the file at the sender; the device appends its base name when `path` is a directory. */
  srcPath?: string | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  mode?: number | undefined;
}

export interface FileInfo {
  path: string;
  size: number;
  uid: number;
  gid: number;
  /** Go's file mode bits, not POSIX's. */
  mode: number;
}

const IDLE_MS = 60_000;
/** A device that is there answers the first message at once; a socket that nobody reads any more is found out here. */
const FIRST_ANSWER_MS = 10_000;
/** Time for a device to put a received file in its place, if it tells at all. */
const SETTLE_MS = 5_000;
const CHUNK = 4096;
const WINDOW = 20 * CHUNK;
const ACK_EVERY_CHUNKS = 10;

/** Directory, symlink, device, pipe, socket and irregular bits of Go's file mode. */
const NOT_REGULAR = (2 ** 31 + 2 ** 27 + 2 ** 26 + 2 ** 25 + 2 ** 24 + 2 ** 21 + 2 ** 19) >>> 0;

const timedOut = () => new TransferFault(408, "file transfer timed out");

const frameOf = (typ: string, body: Uint8Array): Frame => makeFrame({ proto: PROTO.fileTransfer, typ, body });

const bodyOfPath = (path: string) => writeMap([["path", writeText(path)]]);

function bodyOfTarget({ path, srcPath, uid, gid, mode }: UploadTarget): Uint8Array {
  const entries: [string, Uint8Array][] = srcPath === undefined ? [] : [["src_path", writeText(srcPath)]];
  entries.push(["path", writeText(path)]);
  for (const [name, value] of Object.entries({ uid, gid, mode }))
    if (value !== undefined) entries.push([name, writeUint32(value)]);
  return writeMap(entries);
}

const offsetFrame = (typ: string, offset: number, body?: Uint8Array): Frame =>
  makeFrame({
    proto: PROTO.fileTransfer,
    typ,
    props: [["offset", writeInt64(offset)]],
    ...(body && { body }),
  });

const ErrorBody = z.object({ err: z.string(), msgtype: z.string().optional() });
const AcceptBody = z.object({ protocols: z.array(z.number()) });
/** The path goes into two headers, in which a character takes at most three bytes. */
export const MAX_PATH_CHARACTERS = HTTP.headerBytes / 8;

const InfoBody = z.object({
  path: z.string().max(MAX_PATH_CHARACTERS),
  size: z.coerce.number(),
  uid: z.number().default(0),
  gid: z.number().default(0),
  mode: z.number().default(0),
});

/** The decoded body of a device's message, or undefined if it is not what was announced. */
function bodyOf<T>(frame: Frame, schema: z.ZodType<T>): T | undefined {
  try {
    const parsed = schema.safeParse(decode(frame.body ?? new Uint8Array([0xc0]), { useBigInt64: true }));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

const errorText = (frame: Frame) => bodyOf(frame, ErrorBody)?.err ?? "error received from device";

/** The next message of the transfer; pings of the device are answered on the way. */
async function next(peer: Peer, timeoutMs = IDLE_MS): Promise<Frame> {
  for (;;) {
    const frame = await peer.receive(timeoutMs);
    if (!frame) throw timedOut();
    if (!answeredPing(peer, frame)) return frame;
  }
}

function answeredPing(peer: Peer, frame: Frame): boolean {
  if (frame.proto !== PROTO.control || frame.typ !== "ping") return false;
  peer.send(makeFrame({ proto: PROTO.control, typ: "pong" }));
  return true;
}

/** Opens the session and makes sure that the device transfers files at all. */
async function handshake(peer: Peer): Promise<void> {
  peer.send(makeFrame({ proto: PROTO.control, typ: "open", body: encode({ versions: [1] }) }));
  const answer = await next(peer, FIRST_ANSWER_MS);
  if (answer.proto !== PROTO.control) throw new TransferFault(502, "file transfer not implemented on device");
  if (answer.typ === "error") throw new TransferFault(500, errorText(answer));
  const accept = answer.typ === "accept" ? bodyOf(answer, AcceptBody) : undefined;
  if (!accept) throw new TransferFault(502, "file transfer not implemented on device");
  if (accept.protocols.includes(PROTO.fileTransfer)) return;
  throw new TransferFault(502, "file transfer disabled on device");
}

const hangUp = (peer: Peer) => peer.send(makeFrame({ proto: PROTO.control, typ: "close" }));

const isFault = (frame: Frame) => frame.typ === "error";

/** Runs a transfer in a session that is closed for the device whatever happens. */
async function inSession<T>(peer: Peer, work: () => Promise<T>): Promise<T> {
  try {
    await handshake(peer);
    return await work();
  } finally {
    hangUp(peer);
  }
}

/** Sends a file and returns its size once the device has acknowledged every byte. */
export const uploadFile = (
  peer: Peer,
  target: UploadTarget,
  source: AsyncIterable<Uint8Array>,
): Promise<number> =>
  inSession(peer, async () => {
    peer.send(frameOf("put_file", bodyOfTarget(target)));
    let acked = acknowledged(await next(peer));
    let sent = 0;
    for await (const block of inBlocks(source)) {
      for (let at = 0; at < block.byteLength; at += CHUNK) {
        while (sent > acked + WINDOW) acked = Math.max(acked, acknowledged(await next(peer)));
        const chunk = block.subarray(at, at + CHUNK);
        peer.send(offsetFrame("file_chunk", sent, chunk));
        sent += chunk.byteLength;
      }
    }
    peer.send(offsetFrame("file_chunk", sent));
    // The acknowledgement of the end carries the size; those before it lag by a chunk. An empty file was acknowledged at once.
    for (let done = false; !done;) {
      const frame = await next(peer);
      done = acknowledged(frame) >= sent;
    }
    await inPlace(peer, sent);
    return sent;
  });

/**
 * The device acknowledges the end before it sets owner and mode and renames its temporary file. It takes no message until
 * that is done and then refuses this one, as no transfer is left that it could belong to; a failure comes before that.
 * A device that does not answer it is taken at the word of its acknowledgement.
 */
async function inPlace(peer: Peer, size: number): Promise<void> {
  peer.send(offsetFrame("ack", size));
  for (;;) {
    const frame = await peer.receive(SETTLE_MS);
    if (!frame) return;
    if (isFault(frame)) {
      const fault = bodyOf(frame, ErrorBody);
      if (fault?.msgtype === "ack" || fault?.err === "no file transfer in progress") return;
      throw new TransferFault(400, errorText(frame));
    }
    answeredPing(peer, frame);
  }
}

/** The offset of an acknowledgement; anything else ends the transfer. */
function acknowledged(frame: Frame): number {
  if (isFault(frame)) throw new TransferFault(400, errorText(frame));
  const offset = frame.typ === "ack" ? integerProp(frame, "offset") : undefined;
  if (offset === undefined)
    throw new TransferFault(500, "unexpected message from device during file transfer");
  return offset;
}

/** The source cut and joined so that every block but the last is made of whole chunks. A block is not kept after the next. */
async function* inBlocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = new Uint8Array();
  for await (const piece of source) {
    let start = 0;
    if (rest.byteLength > 0) {
      start = Math.min(CHUNK - rest.byteLength, piece.byteLength);
      rest = concat([rest, piece.subarray(0, start)]);
      if (rest.byteLength < CHUNK) continue;
      yield rest;
    }
    const end = start + CHUNK * Math.floor((piece.byteLength - start) / CHUNK);
    if (end > start) yield piece.subarray(start, end);
    rest = piece.slice(end);
  }
  if (rest.byteLength > 0) yield rest;
}

/** What the device says of a path; refuses whatever is not a regular file. */
async function stat(peer: Peer, path: string): Promise<FileInfo> {
  peer.send(frameOf("stat", bodyOfPath(path)));
  const answer = await next(peer);
  if (isFault(answer)) {
    throw new TransferFault(
      400,
      `failed to retrieve file info: error received from device: ${errorText(answer)}`,
    );
  }
  const info = answer.typ === "file_info" ? bodyOf(answer, InfoBody) : undefined;
  if (!info) throw new TransferFault(500, "unexpected message from device during file transfer");
  if ((info.mode & NOT_REGULAR) !== 0) throw new TransferFault(400, "path is not a regular file");
  return info;
}

export const statFile = (peer: Peer, path: string): Promise<FileInfo> =>
  inSession(peer, () => stat(peer, path));

/** Opens a file for reading. The content is read from the device only as fast as it is taken. */
export async function downloadFile(
  peer: Peer,
  path: string,
): Promise<{ info: FileInfo; content: AsyncGenerator<Uint8Array> }> {
  try {
    await handshake(peer);
    const info = await stat(peer, path);
    return { info, content: contentOf(peer, path) };
  } catch (cause) {
    hangUp(peer);
    throw cause;
  }
}

async function* contentOf(peer: Peer, path: string): AsyncGenerator<Uint8Array> {
  try {
    peer.send(frameOf("get_file", bodyOfPath(path)));
    for (let received = 0, ended = false; !ended;) {
      const burst: Uint8Array[] = [];
      await peer.gather(ACK_EVERY_CHUNKS, isWholeChunk, IDLE_MS);
      while (!ended && burst.length < ACK_EVERY_CHUNKS) {
        const chunk = chunkAt(received, await next(peer));
        received += chunk.byteLength;
        ended = chunk.byteLength === 0;
        burst.push(chunk);
      }
      if (burst.length > 1 || !ended) yield concat(burst);
      peer.send(offsetFrame("ack", received));
    }
  } finally {
    hangUp(peer);
  }
}

/** A device sends on after such a one: more of the burst, or the empty chunk of the end. */
const isWholeChunk = (frame: Frame) => frame.typ === "file_chunk" && frame.body?.byteLength === CHUNK;

/** The bytes of a chunk, none at the end; it must follow what was received. */
function chunkAt(received: number, frame: Frame): Uint8Array {
  if (isFault(frame)) throw new TransferFault(400, errorText(frame));
  if (frame.typ !== "file_chunk" || integerProp(frame, "offset") !== received) {
    throw new TransferFault(500, "wrong offset received: file transfer failed");
  }
  return frame.body ?? new Uint8Array();
}
