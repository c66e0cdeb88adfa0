import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCast } from "../../../console/src/terminal/cast.ts";
import {
  CONTROL,
  decodeFrame,
  encodeFrame,
  errorOf,
  piecesOf,
  SHELL,
} from "../../../console/src/terminal/frame.ts";

const SID = "9f0c2a4e-7d1b-4c55-8f43-0a1b2c3d4e5f";
const S = `d924${Buffer.from(SID).toString("hex")}`;

const read = (hex: string) => decodeFrame(new Uint8Array(Buffer.from(hex, "hex")).buffer);

describe("messages of a terminal, as original programs write them", () => {
  it("are read: a shell that has started, its output, a ping", () => {
    expect(
      read(
        `82a368647284a570726f746fcd0001a3747970a36e6577a3736964${S}a570726f707381a673746174757301a4626f6479c40d5368656c6c2073746172746564`,
      ),
    ).toEqual({
      proto: SHELL,
      typ: "new",
      sid: SID,
      props: { status: 1 },
      body: new TextEncoder().encode("Shell started"),
    });
    expect(
      read(
        `81a368647284a570726f746fcd0001a3747970a470696e67a3736964${S}a570726f707382a673746174757303a774696d656f757441`,
      ),
    ).toMatchObject({ typ: "ping", props: { status: 3, timeout: 65 } });
  });

  it("of an error say it in a map of their own", () => {
    const frame = read(
      `82a368647284a570726f746fcdffffa3747970a56572726f72a3736964${S}a570726f707380a4626f6479c41c82a3657272af73657373696f6e2074696d656f7574a5636c6f7365c3`,
    );
    expect(frame?.proto).toBe(CONTROL);
    expect(frame && errorOf(frame)).toBe("session timeout");
  });

  it("are written without what is absent, keystrokes as bytes", () => {
    const body = new TextEncoder().encode("l");
    expect(Buffer.from(encodeFrame({ proto: SHELL, typ: "shell", body })).toString("hex")).toBe(
      "82a368647282a570726f746f01a3747970a57368656c6ca4626f6479c4016c",
    );
  });

  it("of any bytes are read or are none", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeFrame(new Uint8Array(bytes).buffer)));
  });

  it("are cut so that a device takes them", () => {
    expect([...piecesOf(new Uint8Array(9000))].map(({ length }) => length)).toEqual([4096, 4096, 808]);
  });
});

it("a recording is played with its silences cut short", () => {
  const lines = [
    '{"version":2,"width":100,"height":30}',
    '[0.5,"o","a"]',
    '[60.5,"r","80x24"]',
    '[61,"o","b"]',
  ];
  expect(readCast(`${lines.join("\n")}\n`)).toEqual({
    size: { cols: 100, rows: 30 },
    moments: [
      { atS: 0.5, output: "a" },
      { atS: 2.5, size: { cols: 80, rows: 24 } },
      { atS: 3, output: "b" },
    ],
    lengthS: 3,
  });
});
