import type { Reply, Transport } from "./transport.ts";

class DownloadError extends Error {}

const MAX_BREAKS = 5;

function totalOf(reply: Reply, offset: number): number {
  if (reply.status === 200 && offset === 0) {
    const length = Number(reply.headers["content-length"]);
    if (!Number.isInteger(length)) throw new DownloadError("the length of the download is unknown");
    return length;
  }
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(reply.headers["content-range"] ?? "") ?? [];
  if (reply.status !== 206 || Number(start) !== offset)
    throw new DownloadError(`asked for the bytes from ${offset}, the answer is ${reply.status}`);
  return Number(total);
}

/** The bytes behind a download link. A connection that breaks is resumed where it broke, as real devices do. */
export async function* downloadBytes(transport: Transport, uri: string): AsyncGenerator<Buffer, void> {
  let offset = 0;
  for (let breaks = 0; ; breaks += 1) {
    const reply = await transport.send(
      "GET",
      uri,
      offset === 0 ? {} : { headers: { Range: `bytes=${offset}-` } },
    );
    const total = totalOf(reply, offset);
    try {
      for await (const chunk of reply.body) {
        const bytes = chunk as Buffer; // no encoding is set
        offset += bytes.length;
        yield bytes;
      }
    } catch (cause) {
      if (breaks >= MAX_BREAKS) throw new DownloadError("the download keeps breaking", { cause });
    }
    if (offset >= total) return;
  }
}
