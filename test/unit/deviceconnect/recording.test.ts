import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame, integerProp } from "../../../src/deviceconnect/frame.ts";
import { concat } from "../../../src/deviceconnect/msgpack.ts";
import {
  Asciicast,
  decodeEvents,
  encodeEvent,
  Playback,
  type RecordedEvent,
} from "../../../src/deviceconnect/recording.ts";

const output = (offsetMs: number, text: string): RecordedEvent => ({
  kind: "output",
  offsetMs,
  data: Buffer.from(text),
});
const resize = (offsetMs: number, width: number, height: number): RecordedEvent => ({
  kind: "resize",
  offsetMs,
  width,
  height,
});

describe("recorded events", () => {
  it("come back as they were stored", () => {
    const event = fc.oneof(
      fc.record({
        kind: fc.constant("output" as const),
        offsetMs: fc.nat(),
        data: fc.uint8Array({ maxLength: 3000 }),
      }),
      fc.record({
        kind: fc.constant("resize" as const),
        offsetMs: fc.nat(),
        width: fc.nat(0xffff),
        height: fc.nat(0xffff),
      }),
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        expect([...decodeEvents(concat(events.map(encodeEvent)))]).toEqual(events);
      }),
    );
  });
});

describe("playback", () => {
  it("shows output in pieces, tells pauses of 1.5 s and more, and sizes", () => {
    const events = [
      resize(0, 132, 43),
      output(10, "a".repeat(2500)),
      output(1400, "b"),
      output(3000, "c"),
      output(200_000, "d"),
    ];
    const frames = [...new Playback().frames(events)].map((bytes) => decodeFrame(bytes));
    expect(
      frames.map((frame) => [frame.typ, frame.body?.byteLength, integerProp(frame, "delay_value")]),
    ).toEqual([
      ["resize", undefined, undefined],
      ["shell", 1024, undefined],
      ["shell", 1024, undefined],
      ["shell", 452, undefined],
      ["shell", 1, undefined],
      ["delay", undefined, 1600],
      ["shell", 1, undefined],
      ["delay", undefined, 65_535],
      ["shell", 1, undefined],
    ]);
    expect([integerProp(frames[0]!, "terminal_width"), integerProp(frames[0]!, "terminal_height")]).toEqual([
      132, 43,
    ]);
  });
});

describe("asciicast", () => {
  it("has a header and one line an event", () => {
    const cast = new Asciicast();
    expect(JSON.parse(cast.header(1_700_000_000_500, { width: 132, height: 43 }))).toEqual({
      version: 2,
      width: 132,
      height: 43,
      timestamp: 1_700_000_000,
    });
    const lines = [...cast.lines([output(250, "ls\r\n"), resize(1000, 100, 30)])].map((line) =>
      JSON.parse(line),
    );
    expect(lines).toEqual([
      [0.25, "o", "ls\r\n"],
      [1, "r", "100x30"],
    ]);
  });

  it("puts a character together that two events cut", () => {
    const euro = Buffer.from("€");
    const events: RecordedEvent[] = [
      { kind: "output", offsetMs: 0, data: euro.subarray(0, 1) },
      { kind: "output", offsetMs: 1, data: euro.subarray(1) },
    ];
    const shown = [...new Asciicast().lines(events)].map((line) => JSON.parse(line)[2]);
    expect(shown.join("")).toBe("€");
  });
});
