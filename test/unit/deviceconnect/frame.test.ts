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
import { Mailbox } from "../../../src/deviceconnect/mailbox.ts";
import { statFile } from "../../../src/deviceconnect/transfer.ts";
import { Transfers } from "../../../src/deviceconnect/transfers.ts";
import { FakeDevice } from "../../support/fake-device.ts";
import { MsgpackFault, readText, writeInt64, writeSmall } from "../../../src/deviceconnect/msgpack.ts";

const SID = "9f0c2a4e-7d1b-4c55-8f43-0a1b2c3d4e5f";
const USER = "b0c1d2e3-0000-4000-8000-000000000001";
const text = (value: string) => Buffer.from(value).toString("hex");
const hex = (value: string) => Buffer.from(value.replaceAll(" ", ""), "hex");
const S = `d924${text(SID)}`;
const U = `d924${text(USER)}`;
const K = `d924${text("5a1e0c00-6f6c-11ee-8b2a-0242ac120002")}`;

/** Recorded messages of the protocol notes, deviceconnect 6. */
const FRAMES = {
  U1: "81a368647283a570726f746fcd0001a3747970a36e6577a570726f707382ae7465726d696e616c5f776964746850af7465726d696e616c5f68656967687428",
  U2: `81a368647284a570726f746fcd0001a3747970a36e6577a3736964${S}a570726f707381a7757365725f6964${U}`,
  D1: `82a368647284a570726f746fcd0001a3747970a36e6577a3736964${S}a570726f707381a673746174757301a4626f6479c40d5368656c6c2073746172746564`,
  D2: `82a368647284a570726f746fcd0001a3747970a57368656c6ca3736964${S}a570726f707381a673746174757301a4626f6479c4022320`,
  D3: `81a368647284a570726f746fcd0001a3747970a470696e67a3736964${S}a570726f707382a673746174757303a774696d656f757441`,
  U4: "81a368647283a570726f746fcd0001a3747970a6726573697a65a570726f707382ae7465726d696e616c5f7769647468cc84af7465726d696e616c5f6865696768742b",
  U3: `82a368647284a570726f746fcd0001a3747970a57368656c6ca3736964${S}a570726f707381a7757365725f6964${U}a4626f6479c4016c`,
  U5: `82a368647284a570726f746fcd0001a3747970a473746f70a3736964${S}a570726f707382a673746174757302a7757365725f6964${U}a4626f6479c4117573657220646973636f6e6e6563746564`,
  C1: `82a368647283a570726f746fcdffffa3747970a46f70656ea3736964${S}a4626f6479c40c81a876657273696f6e739101`,
  C2: `82a368647283a570726f746fcdffffa3747970a6616363657074a3736964${S}a4626f6479c42182a776657273696f6e01a970726f746f636f6c7394cd0001cd0002cd0003cd0004`,
  C4: `82a368647283a570726f746fcdffffa3747970a56572726f72a3736964${S}a4626f6479c41c82a3657272af73657373696f6e2074696d656f7574a5636c6f7365c3`,
  F1: `82a368647284a570726f746fcd0002a3747970a473746174a3736964${S}a570726f707381a7757365725f6964${U}a4626f6479c41181a470617468aa2f6574632f686f737473`,
  F2: `82a368647284a570726f746fcd0002a3747970a87075745f66696c65a3736964${S}a570726f707381a7757365725f6964${U}a4626f6479c42a83a87372635f70617468a5612e747874a470617468aa2f746d702f612e747874a46d6f6465ce000001a4`,
  F5: `81a368647284a570726f746fcd0002a3747970aa66696c655f6368756e6ba3736964${S}a570726f707382a7757365725f6964${U}a66f6666736574d30000000000000005`,
  P1: `82a368647284a570726f746fcd0003a3747970a36e6577a3736964${S}a570726f707382ad636f6e6e656374696f6e5f6964${K}a7757365725f6964${U}a4626f6479c43383ab72656d6f74655f686f7374a96c6f63616c686f7374ab72656d6f74655f706f7274cd0016a870726f746f636f6ca3746370`,
  C3: `81a368647283a570726f746fcdffffa3747970a5636c6f7365a3736964${S}`,
  F3: `81a368647284a570726f746fcd0002a3747970a361636ba3736964${S}a570726f707381a66f6666736574d30000000000000000`,
  F4: `82a368647284a570726f746fcd0002a3747970aa66696c655f6368756e6ba3736964${S}a570726f707382a7757365725f6964${U}a66f6666736574d30000000000000000a4626f6479c40568656c6c6f`,
  M1: `81a368647283a570726f746fcd0004a3747970ac636865636b2d757064617465a570726f707381a7757365725f6964${U}`,
};

/** Body of a file_info message, and a failed stat's. */
const FILE_INFO =
  "86a470617468aa2f6574632f686f737473a473697a65d300000000000000dda3756964ce00000000a3676964ce00000000a46d6f6465ce000001a4a76d6f6474696d65d7ff1d6f34546553f100";

/** The order of properties is left to chance by every peer. */
function inOrder(recorded: string): string {
  const frame = decodeFrame(hex(recorded));
  const props = new Map([...frame.props].sort(([a], [b]) => (a < b ? -1 : 1)));
  return Buffer.from(encodeFrame({ ...frame, props })).toString("hex");
}

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

  it("turns what users and devices send into the recorded messages of the other side", () => {
    const sent = (recorded: string) => encodeFrame(forDevice(decodeFrame(hex(recorded)), SID, USER));
    const guiNew = "81a368647283a570726f746f01a3747970a36e6577a570726f707380";
    expect(Buffer.from(sent(guiNew)).toString("hex")).toBe(FRAMES.U2);
    const keystroke = "82a368647282a570726f746f01a3747970a57368656c6ca4626f6479a16c";
    expect(Buffer.from(sent(keystroke)).toString("hex")).toBe(FRAMES.U3);
    const shown = Buffer.from(encodeFrame(forUser(decodeFrame(hex(FRAMES.D3))))).toString("hex");
    expect(shown).toBe(
      FRAMES.D3.replace("73746174757303", "737461747573d30000000000000003").replace(
        "74696d656f757441",
        "74696d656f7574d30000000000000041",
      ),
    );
  });

  it("asks for a file and sends one in the recorded messages", async () => {
    const sent: string[] = [];
    const device: FakeDevice = new FakeDevice((message) => {
      const frame = decodeFrame(message);
      transfers.take(frame.sid, frame);
    });
    const socket = {
      send(message: Uint8Array) {
        const { sid } = decodeFrame(message);
        sent.push(Buffer.from(message).toString("hex").replaceAll(text(sid), text(SID)));
        device.onMessage(message);
      },
    } as unknown as WebSocket;
    const transfers: Transfers = new Transfers(
      () => socket,
      () => {},
    );
    const held = (sid: string) => ({ sid, user: USER, email: "", token: "", openedMs: 0 });
    device.files.set("/etc/hosts", new Uint8Array(221));

    expect(await transfers.stat(held(SID), "/etc/hosts")).toMatchObject({ ok: true, value: { size: 221 } });
    expect(sent.splice(0)).toEqual([FRAMES.C1, FRAMES.F1, FRAMES.C3]);

    const target = { path: "/tmp/a.txt", srcPath: "a.txt", mode: 0o644 };
    const content = new Response("hello").body!;
    expect(await transfers.upload(held(SID), target, content)).toEqual({ ok: true, value: 5 });
    const lastAck = FRAMES.F3.replace(/0{16}$/, "0000000000000005");
    expect(sent.splice(0).map(inOrder)).toEqual(
      [FRAMES.C1, FRAMES.F2, FRAMES.F4, FRAMES.F5, lastAck, FRAMES.C3].map(inOrder),
    );
  });

  it("understands what a device says of a file", async () => {
    const peer: Mailbox = new Mailbox(({ typ }) => {
      if (typ === "open") peer.push(decodeFrame(hex(FRAMES.C2)));
      if (typ === "stat")
        peer.push(makeFrame({ proto: PROTO.fileTransfer, typ: "file_info", body: hex(FILE_INFO) }));
    });
    expect(await statFile(peer, "/etc/hosts")).toEqual({
      path: "/etc/hosts",
      size: 221,
      uid: 0,
      gid: 0,
      mode: 0o644,
    });
    const failed = "82a3657272a76e6f2066696c65a76d736774797065a473746174";
    const refusing: Mailbox = new Mailbox(({ typ }) => {
      if (typ === "open") refusing.push(decodeFrame(hex(FRAMES.C2)));
      if (typ === "stat")
        refusing.push(makeFrame({ proto: PROTO.fileTransfer, typ: "error", body: hex(failed) }));
    });
    await expect(statFile(refusing, "/etc/hosts")).rejects.toThrow("error received from device: no file");
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

  it("widens status and timeout for users and leaves other properties as they were [differs: status-width]", () => {
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
