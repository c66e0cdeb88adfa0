import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeFrame,
  encodeFrame,
  forDevice,
  forUser,
  integerProp,
  makeFrame,
  PROTO,
} from "../../../src/deviceconnect/frame.ts";
import { MsgpackFault, readText, writeInt64, writeSmall } from "../../../src/deviceconnect/msgpack.ts";

const SID = "9f0c2a4e-7d1b-4c55-8f43-0a1b2c3d4e5f";
const USER = "b0c1d2e3-0000-4000-8000-000000000001";
const text = (value: string) => Buffer.from(value).toString("hex");
const hex = (value: string) => Buffer.from(value.replaceAll(" ", ""), "hex");
const S = `d924${text(SID)}`;
const U = `d924${text(USER)}`;

/** Recorded messages of the protocol notes, deviceconnect 6. */
const FRAMES = {
  U1: "81a368647283a570726f746fcd0001a3747970a36e6577a570726f707382ae7465726d696e616c5f776964746850af7465726d696e616c5f68656967687428",
  U2: `81a368647284a570726f746fcd0001a3747970a36e6577a3736964${S}a570726f707381a7757365725f6964${U}`,
  D1: `82a368647284a570726f746fcd0001a3747970a36e6577a3736964${S}a570726f707381a673746174757301a4626f6479c40d5368656c6c2073746172746564`,
  U3: `82a368647284a570726f746fcd0001a3747970a57368656c6ca3736964${S}a570726f707381a7757365725f6964${U}a4626f6479c4016c`,
  U5: `82a368647284a570726f746fcd0001a3747970a473746f70a3736964${S}a570726f707382a673746174757302a7757365725f6964${U}a4626f6479c4117573657220646973636f6e6e6563746564`,
  C3: `81a368647283a570726f746fcdffffa3747970a5636c6f7365a3736964${S}`,
  F3: `81a368647284a570726f746fcd0002a3747970a361636ba3736964${S}a570726f707381a66f6666736574d30000000000000000`,
  F4: `82a368647284a570726f746fcd0002a3747970aa66696c655f6368756e6ba3736964${S}a570726f707382a7757365725f6964${U}a66f6666736574d30000000000000000a4626f6479c40568656c6c6f`,
  M1: `81a368647283a570726f746fcd0004a3747970ac636865636b2d757064617465a570726f707381a7757365725f6964${U}`,
};

describe("frames", () => {
  it.each(Object.entries(FRAMES))(
    "reads and writes the recorded message %s byte for byte",
    (_name, recorded) => {
      expect(Buffer.from(encodeFrame(decodeFrame(hex(recorded)))).toString("hex")).toBe(recorded);
    },
  );

  it("makes the recorded stop of a user that went away", () => {
    const stop = makeFrame({
      proto: PROTO.shell,
      typ: "stop",
      sid: SID,
      props: [["status", writeSmall(2)]],
      body: new TextEncoder().encode("user disconnected"),
    });
    expect(Buffer.from(encodeFrame(forDevice(stop, SID, USER))).toString("hex")).toBe(FRAMES.U5);
  });

  it("reads what the web UI sends: short protocol number and keystrokes as text", () => {
    const frame = decodeFrame(hex("82a368647282a570726f746f01a3747970a57368656c6ca4626f6479a16c"));
    expect([frame.proto, frame.typ, frame.sid, Buffer.from(frame.body!).toString()]).toEqual([
      1,
      "shell",
      "",
      "l",
    ]);
  });

  it("replaces session and user that a sender claims", () => {
    const claimed = decodeFrame(hex(FRAMES.U2));
    const sent = decodeFrame(encodeFrame(forDevice(claimed, "other-session", "other-user")));
    expect([sent.sid, readText(sent.props.get("user_id")!)]).toEqual(["other-session", "other-user"]);
  });

  it("widens status and timeout for users and leaves other properties as they were", () => {
    const frame = decodeFrame(hex(FRAMES.D1));
    frame.props.set("timeout", writeSmall(65)).set("terminal_width", writeSmall(80));
    const sent = forUser(frame);
    expect(sent.props.get("status")).toEqual(writeInt64(1));
    expect(sent.props.get("timeout")).toEqual(writeInt64(65));
    expect(sent.props.get("terminal_width")).toEqual(writeSmall(80));
    expect(integerProp(sent, "timeout")).toBe(65);
  });

  it.each([
    ["nothing", ""],
    ["a number", "01"],
    ["an array", "90"],
    ["a map without header", "80"],
    ["a truncated message", FRAMES.D1.slice(0, 60)],
    ["a message with bytes after it", `${FRAMES.C3}00`],
    ["a header without protocol", "81a368647280"],
    ["a map of 2^32-1 entries", "dfffffffff"],
    [
      "more properties than anybody has",
      `81a368647282a570726f746f01a570726f7073de0400${"a0c0".repeat(1024)}`,
    ],
  ])("refuses %s", (_name, bytes) => {
    expect(() => decodeFrame(hex(bytes))).toThrow(MsgpackFault);
  });

  it("refuses nesting without limit", () => {
    const deep = `82${text("")}a3686472`.replace(/^82/, "82a3686472") + "91".repeat(5000);
    expect(() => decodeFrame(hex(deep))).toThrow(MsgpackFault);
  });

  it("never throws anything but its own fault on garbage", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          decodeFrame(bytes);
        } catch (cause) {
          expect(cause).toBeInstanceOf(MsgpackFault);
        }
      }),
    );
  });

  it("keeps every member through a round trip", () => {
    const frames = fc.record({
      proto: fc.integer({ min: 0, max: 0xffff }),
      typ: fc.string(),
      sid: fc.string({ maxLength: 60 }),
      props: fc.dictionary(
        fc.string({ maxLength: 40 }),
        fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }),
      ),
      body: fc.uint8Array({ minLength: 1, maxLength: 70_000 }),
    });
    fc.assert(
      fc.property(frames, ({ proto, typ, sid, props, body }) => {
        const written = Object.entries(props).map(
          ([key, value]) => [key, writeInt64(value)] as [string, Uint8Array],
        );
        const frame = makeFrame({ proto, typ, sid, props: written, body });
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
      }),
      { numRuns: 50 },
    );
  });
});
