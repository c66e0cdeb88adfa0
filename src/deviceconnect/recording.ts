import { encodeFrame, makeFrame, PROTO } from "./frame.ts";
import { concat, writeInt64, writeUint16 } from "./msgpack.ts";

/** What a recording keeps of a terminal session: what was shown, and the size it was shown in. */
export type RecordedEvent =
  | { kind: "output"; offsetMs: number; data: Uint8Array }
  | { kind: "resize"; offsetMs: number; width: number; height: number };

const HEADER_BYTES = 9;
const OUTPUT = 1;
const RESIZE = 2;

/** The same as events that take at most so many bytes each as they are stored. */
export function* inPieces(event: RecordedEvent, maxBytes: number): Generator<RecordedEvent> {
  if (event.kind === "resize") return yield event;
  const { data } = event;
  const step = maxBytes - HEADER_BYTES;
  for (let at = 0; at < data.byteLength; at += step) yield { ...event, data: data.subarray(at, at + step) };
}

/** One event as it is stored: kind, milliseconds since the session began, length, content; all big-endian. */
export function encodeEvent(event: RecordedEvent): Uint8Array {
  const content =
    event.kind === "output" ? event.data : concat([writeUint16(event.width), writeUint16(event.height)]);
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint8(0, event.kind === "output" ? OUTPUT : RESIZE);
  view.setUint32(1, Math.min(event.offsetMs, 0xffff_ffff));
  view.setUint32(5, content.byteLength);
  return concat([header, content]);
}

/** The events of a stored piece. A piece holds whole events, because it is written by `encodeEvent` alone. */
export function* decodeEvents(piece: Uint8Array): Generator<RecordedEvent> {
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
  for (let at = 0; at + HEADER_BYTES <= piece.byteLength;) {
    const offsetMs = view.getUint32(at + 1);
    const length = view.getUint32(at + 5);
    const start = at + HEADER_BYTES;
    if (view.getUint8(at) === OUTPUT)
      yield { kind: "output", offsetMs, data: piece.subarray(start, start + length) };
    else
      yield { kind: "resize", offsetMs, width: view.getUint16(start + 1), height: view.getUint16(start + 4) };
    at = start + length;
  }
}

/** Output in one message of a playback. */
const PLAYBACK_BYTES = 1024;
/** Pauses shorter than this are not worth telling; longer ones than this do not fit the wire. */
const MIN_DELAY_MS = 1500;
const MAX_DELAY_MS = 65_535;

const shellFrame = (typ: string, props: [string, Uint8Array][], body?: Uint8Array) =>
  encodeFrame(makeFrame({ proto: PROTO.shell, typ, props, ...(body && { body }) }));

/** Turns recorded events into the messages of a playback socket (protocol notes, deviceconnect 9). */
export class Playback {
  #lastMs = 0;

  *frames(events: Iterable<RecordedEvent>): Generator<Uint8Array> {
    for (const event of events) {
      const pause = Math.min(event.offsetMs - this.#lastMs, MAX_DELAY_MS);
      this.#lastMs = event.offsetMs;
      if (pause >= MIN_DELAY_MS) yield shellFrame("delay", [["delay_value", writeUint16(pause)]]);
      if (event.kind === "resize") {
        yield shellFrame("resize", [
          ["terminal_width", writeUint16(event.width)],
          ["terminal_height", writeUint16(event.height)],
        ]);
      } else {
        for (let at = 0; at < event.data.byteLength; at += PLAYBACK_BYTES) {
          const body = event.data.subarray(at, at + PLAYBACK_BYTES);
          yield shellFrame("shell", [["status", writeInt64(1)]], body);
        }
      }
    }
  }
}

const DEFAULT_WIDTH = 80;
const DEFAULT_HEIGHT = 40;

/** Writes recorded events as asciicast v2 lines; a character cut in two by events is put together again. */
export class Asciicast {
  readonly #decoder = new TextDecoder("utf-8");

  header(startedMs: number, size: { width: number; height: number } | undefined): string {
    const { width = DEFAULT_WIDTH, height = DEFAULT_HEIGHT } = size ?? {};
    return `${JSON.stringify({ version: 2, width, height, timestamp: Math.floor(startedMs / 1000) })}\n`;
  }

  *lines(events: Iterable<RecordedEvent>): Generator<string> {
    for (const event of events) {
      const at = event.offsetMs / 1000;
      if (event.kind === "resize") yield `${JSON.stringify([at, "r", `${event.width}x${event.height}`])}\n`;
      else yield `${JSON.stringify([at, "o", this.#decoder.decode(event.data, { stream: true })])}\n`;
    }
  }
}
