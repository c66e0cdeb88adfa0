import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { MultipartFault, multipartBoundary, readMultipart } from "../../../src/storage/multipart.ts";

// Hundreds of runs each, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

type Read = { name: string; filename?: string; contentType?: string; content: string };

function stream(content: Uint8Array, sizes: number[] = [content.length]): ReadableStream<Uint8Array> {
  let offset = 0;
  let turn = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= content.length) return controller.close();
      const size = Math.max(1, sizes[turn++ % sizes.length] ?? 1);
      controller.enqueue(content.slice(offset, offset + size));
      offset += size;
    },
  });
}

/** A byte stream, whose buffers the reader can be lent. */
function byteStream(content: Uint8Array, sizes: number[]): ReadableStream<Uint8Array> {
  let offset = 0;
  let turn = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest?.view;
      if (!view) throw new Error("read without a buffer");
      if (offset >= content.length) {
        controller.close();
        controller.byobRequest?.respond(0);
        return;
      }
      const piece = content.subarray(offset, offset + Math.max(1, sizes[turn++ % sizes.length] ?? 1));
      const target = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      const taken = piece.subarray(0, target.length);
      target.set(taken);
      offset += taken.length;
      controller.byobRequest?.respond(taken.length);
    },
  });
}

async function readAll(content: string | Buffer, sizes?: number[], boundary = "b"): Promise<Read[]> {
  const parts: Read[] = [];
  for await (const { body, ...header } of readMultipart(stream(Buffer.from(content), sizes), boundary)) {
    const chunks = await Array.fromAsync(body);
    parts.push({ ...header, content: Buffer.concat(chunks).toString("latin1") });
  }
  return parts;
}

const form = (...parts: string[]): string => `${parts.map((part) => `--b\r\n${part}\r\n`).join("")}--b--\r\n`;
const field = (name: string, value: string): string =>
  `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;

async function reasonOf(content: string): Promise<string> {
  try {
    await readAll(content);
    return "accepted";
  } catch (error) {
    if (error instanceof MultipartFault) return error.reason;
    throw error;
  }
}

describe("reading a form", () => {
  it("yields parts in order with name, file name, type and content", async () => {
    const file =
      'content-disposition: form-data; name="artifact"; filename="a \\"b\\".mender"\r\nContent-Type: application/octet-stream\r\n\r\nbytes';
    expect(await readAll(form(field("size", "5"), file))).toEqual([
      { name: "size", content: "5" },
      {
        name: "artifact",
        filename: 'a "b".mender',
        contentType: "application/octet-stream",
        content: "bytes",
      },
    ]);
  });

  it("skips what a consumer leaves unread", async () => {
    const names: string[] = [];
    const body = stream(Buffer.from(form(field("a", "x".repeat(100_000)), field("b", "y"))), [1000]);
    for await (const part of readMultipart(body, "b")) {
      names.push(part.name);
      if (part.name === "a") for await (const _ of part.body) break;
    }
    expect(names).toEqual(["a", "b"]);
  });

  it("gives nothing more of a part once the next one is reached", async () => {
    const parts = [];
    for await (const part of readMultipart(
      stream(Buffer.from(form(field("a", "x"), field("b", "y")))),
      "b",
    )) {
      parts.push(part);
    }
    expect(await Array.fromAsync(parts[0]!.body)).toEqual([]);
  });

  it("cancels the body when the consumer leaves", async () => {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from(`--b\r\n${field("a", "x")}`)),
      cancel: () => {
        isCancelled = true;
      },
    });
    for await (const _ of readMultipart(body, "b")) break;
    expect(isCancelled).toBe(true);
  });

  it("takes what looks like a boundary but is content as content", async () => {
    const content = "a\r\n--bogus\r\n--b-\r\r\n-\r\n--b x\r\n\r\n--";
    expect(await readAll(form(field("a", content)))).toEqual([{ name: "a", content }]);
  });

  it("reads over a preamble, an epilogue and blanks behind a boundary", async () => {
    const content = `preamble\r\n--b \t\r\n${field("a", "1")}\r\n--b--\r\nepilogue`;
    expect(await readAll(content)).toEqual([{ name: "a", content: "1" }]);
  });

  it("yields a part without a name as the empty name", async () => {
    expect(
      await readAll(form("X: y\r\n\r\n1", "\r\n2", "Content-Disposition: attachment; name=a\r\n\r\n3")),
    ).toEqual([
      { name: "", content: "1" },
      { name: "", content: "2" },
      { name: "", content: "3" },
    ]);
  });

  it("decodes an extended file name", async () => {
    const part =
      "Content-Disposition: form-data; name=a; filename=\"x\"; filename*=UTF-8''%e2%82%ac.txt\r\n\r\n";
    expect((await readAll(form(part)))[0]?.filename).toBe("€.txt");
  });

  it("yields nothing for a form without parts", async () => {
    expect(await readAll("--b--\r\n")).toEqual([]);
  });
});

describe("refusing a form", () => {
  it.each([
    ["an empty body", ""],
    ["a body without a boundary", "hello"],
    ["a body that ends in a header", "--b\r\nContent-Dis"],
    ["a body that ends in content", `--b\r\n${field("a", "x")}`],
    ["a body that ends in its last boundary", `--b\r\n${field("a", "x")}\r\n--b-`],
  ])("finds %s truncated", async (_, content) => {
    expect(await reasonOf(content)).toBe("truncated");
  });

  it("finds a body truncated whose stream fails, and keeps the reason for the log", async () => {
    const cause = new Error("Network connection lost.");
    const start = new TextEncoder().encode('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx');
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(start),
      pull: (controller) => controller.error(cause),
    });
    const read = async () => {
      for await (const { body } of readMultipart(broken, "b")) await Array.fromAsync(body);
    };
    await expect(read()).rejects.toMatchObject({ reason: "truncated", cause });
  });

  it("refuses a header line that is none", async () => {
    expect(await reasonOf(form("nonsense\r\n\r\n1"))).toBe("header_malformed");
  });

  it("refuses a header above its limit, ended or not", async () => {
    const long = `X: ${"y".repeat(20_000)}`;
    expect(await reasonOf(form(`${long}\r\n\r\n1`))).toBe("header_too_large");
    expect(await reasonOf(`--b\r\n${long}${long}`)).toBe("header_too_large");
  });

  it("refuses more parts than anybody needs", async () => {
    expect(await reasonOf(form(...Array.from({ length: 1_001 }, () => field("a", ""))))).toBe(
      "too_many_parts",
    );
  });
});

describe("the boundary of a content type", () => {
  it.each([
    ["multipart/form-data; boundary=abc", "abc"],
    ['Multipart/Form-Data; charset=utf-8; Boundary="a b:c"', "a b:c"],
    ["multipart/form-data", null],
    ["multipart/mixed; boundary=abc", "abc"],
    ["multipart/related; boundary=abc", null],
    ["application/json", null],
    ['multipart/form-data; boundary=""', null],
    [`multipart/form-data; boundary=${"x".repeat(71)}`, null],
    ["multipart/form-data; boundary=a\r\nb", "a"],
    ["", null],
    [null, null],
  ])("of %j is %j", (contentType, boundary) => {
    expect(multipartBoundary(contentType)).toBe(boundary);
  });
});

describe("properties", () => {
  // Content that is rich in pieces of the delimiter.
  const tricky = fc
    .array(fc.constantFrom("\r", "\n", "\r\n", "-", "--", "--b", "b", "\r\n--", "\r\n--b", "x", " "))
    .map((pieces) => pieces.join(""))
    .filter((text) => !/\r\n--b(--|[ \t]*\r\n)/.test(`\r\n${text}\r\n--b`));

  it("gives the content back however the body is cut", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(tricky, { maxLength: 4 }), sizes, async (contents, cuts) => {
        const parts = contents.map((content, index) => field(`f${index}`, content));
        expect(await readAll(form(...parts), cuts)).toEqual(
          contents.map((content, index) => ({ name: `f${index}`, content })),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("gives the same where the buffers of a byte stream are lent", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(tricky, { maxLength: 4 }), sizes, async (contents, cuts) => {
        const body = Buffer.from(form(...contents.map((content, index) => field(`f${index}`, content))));
        const found: string[] = [];
        for await (const part of readMultipart(byteStream(body, cuts), "b", { lend: true })) {
          let text = "";
          for await (const chunk of part.body) text += Buffer.from(chunk).toString("latin1");
          found.push(text);
        }
        expect(found).toEqual(contents);
      }),
      { numRuns: 300 },
    );
  });

  it("reads garbage to an end or to a fault, the same for every cut", async () => {
    const garbage = fc
      .array(fc.oneof(tricky, fc.constantFrom("--b\r\n", "--b--", "\r\n\r\n", "A: b\r\n", ":")))
      .map((pieces) => pieces.join(""));
    const outcome = (content: string, cuts?: number[]) =>
      readAll(content, cuts).catch((error: unknown) => {
        if (error instanceof MultipartFault) return error.reason;
        throw error;
      });
    await fc.assert(
      fc.asyncProperty(garbage, fc.integer({ min: 1, max: 9 }), async (content, cut) => {
        expect(await outcome(content, [cut])).toEqual(await outcome(content));
      }),
      { numRuns: 500 },
    );
  });
});
