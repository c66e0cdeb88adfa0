import { decode, encode } from "@msgpack/msgpack";
import { describe, expect, it, vi } from "vitest";
import {
  decodeFrame,
  encodeFrame,
  integerProp,
  makeFrame,
  PROTO,
  type Frame,
} from "../../../src/deviceconnect/frame.ts";
import { Mailbox } from "../../../src/deviceconnect/mailbox.ts";
import { writeInt64 } from "../../../src/deviceconnect/msgpack.ts";
import { downloadFile, statFile, uploadFile } from "../../../src/deviceconnect/transfer.ts";
import { FakeDevice } from "../../support/fake-device.ts";

const SID = "session-1";

/** A mailbox whose device answers at once, over real bytes. */
function connect(): { peer: Mailbox; device: FakeDevice } {
  const device: FakeDevice = new FakeDevice((message) => peer.push(decodeFrame(message)));
  const peer: Mailbox = new Mailbox((frame) => device.onMessage(encodeFrame({ ...frame, sid: SID })));
  return { peer, device };
}

/** A mailbox whose device says only what it is told to, upon the given message of the server. */
function script(answers: Record<string, Frame[]>): Mailbox {
  const peer: Mailbox = new Mailbox((frame) =>
    (answers[frame.typ] ?? []).forEach((answer) => peer.push(answer)),
  );
  return peer;
}

const accept = makeFrame({
  proto: PROTO.control,
  typ: "accept",
  body: encode({ version: 1, protocols: [2] }),
});
const fault = (err: string) => makeFrame({ proto: PROTO.fileTransfer, typ: "error", body: encode({ err }) });
const bytes = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

async function* inPieces(content: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += size) yield content.subarray(at, at + size);
}

async function collect(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

const SIZES = [0, 1, 4095, 4096, 4097, 81_920, 81_921, 1_000_003];

describe("upload to a device", () => {
  it.each(SIZES)("brings %i bytes over, whatever the pieces they come in", async (size) => {
    for (const piece of [1000, 4096, 65_536]) {
      const { peer, device } = connect();
      const content = bytes(size);
      expect(await uploadFile(peer, { path: "/tmp/a" }, inPieces(content, piece))).toBe(size);
      expect(Buffer.compare(device.files.get("/tmp/a")!, content)).toBe(0);
      expect(device.received.at(-1)).toMatchObject({ proto: PROTO.control, typ: "close" });
    }
  });

  it("never runs further ahead than the window", async () => {
    const { peer, device } = connect();
    let acked = 0;
    const push = peer.push.bind(peer);
    vi.spyOn(peer, "push").mockImplementation((frame) => {
      acked = integerProp(frame, "offset") ?? acked;
      push(frame);
    });
    const ahead: number[] = [];
    const onMessage = device.onMessage.bind(device);
    vi.spyOn(device, "onMessage").mockImplementation((message) => {
      const frame = decodeFrame(message);
      if (frame.typ === "file_chunk") ahead.push((integerProp(frame, "offset") ?? 0) - acked);
      onMessage(message);
    });
    await uploadFile(peer, { path: "/tmp/a" }, inPieces(bytes(500_000), 65_536));
    expect(Math.max(...ahead)).toBeLessThanOrEqual(81_920);
  });

  it("passes owner and mode on, and the sender's name for directories", async () => {
    const { peer, device } = connect();
    await uploadFile(
      peer,
      { path: "/tmp/a", srcPath: "b.txt", uid: 1, gid: 2, mode: 0o755 },
      inPieces(bytes(3), 3),
    );
    const [put] = device.sent("put_file");
    expect(decode(put!.body!)).toEqual({ path: "/tmp/a", src_path: "b.txt", uid: 1, gid: 2, mode: 0o755 });
  });

  it("tells the device's own words when it refuses", async () => {
    const peer = script({ open: [accept], put_file: [fault("access denied: no")] });
    await expect(uploadFile(peer, { path: "/x" }, inPieces(bytes(1), 1))).rejects.toMatchObject({
      status: 400,
      message: "access denied: no",
    });
  });

  it("notices a fault that comes in the middle", async () => {
    const started = makeFrame({
      proto: PROTO.fileTransfer,
      typ: "ack",
      props: [["offset", new Uint8Array([0])]],
    });
    const peer = script({ open: [accept], put_file: [started], file_chunk: [fault("disk full")] });
    await expect(uploadFile(peer, { path: "/x" }, inPieces(bytes(900_000), 4096))).rejects.toThrow(
      "disk full",
    );
  });

  const ack = (offset: number) =>
    makeFrame({ proto: PROTO.fileTransfer, typ: "ack", props: [["offset", writeInt64(offset)]] });
  /** A device that has acknowledged one byte and its end, and answers what comes then as told. */
  const received = (then: Frame[]) =>
    script({ open: [accept], put_file: [ack(0)], file_chunk: [ack(1)], ack: then });

  it("is over when the device has nothing left to do with the file, not before [differs: end-of-upload]", async () => {
    const peer = received([]);
    const over = vi.fn<() => void>();
    const upload = uploadFile(peer, { path: "/x" }, inPieces(bytes(1), 1)).then(over);
    await new Promise((resolve) => setTimeout(resolve));
    expect(over).not.toHaveBeenCalled();
    peer.push(makeFrame({ proto: PROTO.control, typ: "ping" }));
    peer.push(fault("no file transfer in progress"));
    await upload;
  });

  it("tells a fault that comes after the last acknowledgement [differs: end-of-upload]", async () => {
    const words = "failed to commit uploaded file: rename /x.00000001 /x: file exists";
    const peer = received([fault(words), fault("no file transfer in progress")]);
    await expect(uploadFile(peer, { path: "/x" }, inPieces(bytes(1), 1))).rejects.toMatchObject({
      status: 400,
      message: words,
    });
  });

  it("takes a device at its word that never says more [differs: end-of-upload]", async () => {
    vi.useFakeTimers();
    const upload = uploadFile(received([]), { path: "/x" }, inPieces(bytes(1), 1));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await upload).toBe(1);
    vi.useRealTimers();
  });

  it.each([
    ["says nothing", {}, 1],
    ["does not acknowledge an empty file", { put_file: [ack(0)] }, 0],
    ["does not acknowledge what it was sent", { put_file: [ack(0)] }, 900_000],
  ])("gives up on a device that %s after a minute [differs: empty-upload]", async (_name, answers, size) => {
    vi.useFakeTimers();
    const device = script({ open: [accept], ...answers });
    const upload = uploadFile(device, { path: "/x" }, inPieces(bytes(size), 4096));
    const refused = expect(upload).rejects.toMatchObject({ status: 408, message: "file transfer timed out" });
    await vi.advanceTimersByTimeAsync(60_000);
    await refused;
    vi.useRealTimers();
  });
});

it("finds out within ten seconds that nobody is there", async () => {
  vi.useFakeTimers();
  const refused = expect(statFile(script({}), "/x")).rejects.toMatchObject({ status: 408 });
  await vi.advanceTimersByTimeAsync(10_000);
  await refused;
  vi.useRealTimers();
});

describe("download from a device", () => {
  it.each(SIZES)("reads %i bytes and acknowledges as the device expects", async (size) => {
    const { peer, device } = connect();
    device.files.set("/etc/a", bytes(size));
    const { info, content } = await downloadFile(peer, "/etc/a");
    expect(info).toMatchObject({ path: "/etc/a", size, mode: 0o644 });
    expect(Buffer.compare(await collect(content), bytes(size))).toBe(0);
    const acks = device.sent("ack");
    expect(integerProp(acks.at(-1)!, "offset")).toBe(size);
    expect(acks).toHaveLength(Math.floor(Math.ceil(size / 4096) / 10) + 1);
    expect([...acks[0]!.props.get("offset")!.subarray(0, 1)]).toEqual([0xd3]);
  });

  it("reads no further than it is read from", async () => {
    const { peer, device } = connect();
    device.files.set("/etc/a", bytes(1_000_000));
    const { content } = await downloadFile(peer, "/etc/a");
    expect((await content.next()).value).toHaveLength(10 * 4096);
    expect(device.sent("ack")).toHaveLength(0);
    await content.next();
    expect(device.sent("ack").map((ack) => integerProp(ack, "offset"))).toEqual([10 * 4096]);
    await content.return(undefined);
    expect(device.received.at(-1)).toMatchObject({ proto: PROTO.control, typ: "close" });
  });

  it("refuses what is no regular file and what does not exist", async () => {
    const { peer, device } = connect();
    device.files.set("/etc/", bytes(1));
    await expect(statFile(peer, "/etc/")).rejects.toMatchObject({
      status: 400,
      message: "path is not a regular file",
    });
    await expect(statFile(peer, "/nope")).rejects.toMatchObject({
      status: 400,
      message: "failed to retrieve file info: error received from device: no file",
    });
  });

  it("stops at a chunk out of order", async () => {
    const info = makeFrame({
      proto: PROTO.fileTransfer,
      typ: "file_info",
      body: encode({ path: "/a", size: 9 }),
    });
    const chunk = makeFrame({
      proto: PROTO.fileTransfer,
      typ: "file_chunk",
      props: [["offset", new Uint8Array([7])]],
    });
    const { content } = await downloadFile(script({ open: [accept], stat: [info], get_file: [chunk] }), "/a");
    await expect(collect(content)).rejects.toThrow("wrong offset received: file transfer failed");
  });
});

describe("handshake", () => {
  const refusals: [string, Frame, number, string][] = [
    [
      "transfers disabled",
      makeFrame({ proto: PROTO.control, typ: "accept", body: encode({ version: 1, protocols: [1] }) }),
      502,
      "file transfer disabled on device",
    ],
    [
      "no session control",
      makeFrame({ proto: PROTO.shell, typ: "error" }),
      502,
      "file transfer not implemented on device",
    ],
    [
      "an error",
      makeFrame({
        proto: PROTO.control,
        typ: "error",
        body: encode({ err: "handshake rejected: require version 1" }),
      }),
      500,
      "handshake rejected: require version 1",
    ],
    [
      "garbage",
      makeFrame({ proto: PROTO.control, typ: "accept", body: new Uint8Array([0xc1]) }),
      502,
      "file transfer not implemented on device",
    ],
  ];

  it.each(refusals)("refuses on %s", async (_name, answer, status, message) => {
    await expect(statFile(script({ open: [answer] }), "/a")).rejects.toMatchObject({ status, message });
  });

  it("answers a ping of the device on the way", async () => {
    const sent: string[] = [];
    const peer: Mailbox = new Mailbox((frame) => {
      sent.push(frame.typ);
      if (frame.typ === "open")
        [makeFrame({ proto: PROTO.control, typ: "ping" }), accept].forEach((f) => peer.push(f));
      if (frame.typ === "stat") peer.push(fault("no"));
    });
    await expect(statFile(peer, "/a")).rejects.toThrow("no");
    expect(sent).toEqual(["open", "pong", "stat", "close"]);
  });
});
