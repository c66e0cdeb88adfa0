import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { multipartBoundary, MultipartFault, readMultipart, type MultipartPart } from "../storage/index.ts";

/** The body of a request that brings a file in a form. */
export interface UploadBody {
  stream: ReadableStream<Uint8Array>;
  contentType: string;
  declaredBytes: number | undefined;
}

/** Reads the form of a body. The reading ends in order also when its client goes away, so that what came is removed. */
export async function readBody<T>(
  deps: Deps,
  { contentType, stream }: UploadBody,
  read: (parts: AsyncIterable<MultipartPart>) => Promise<T>,
): Promise<T> {
  const boundary = multipartBoundary(contentType);
  if (boundary === null) throw new Fault("bad_request", "no multipart boundary param in Content-Type");
  const work = read(readMultipart(stream, boundary, { lend: true, clock: deps })).catch((cause: unknown) => {
    if (cause instanceof MultipartFault)
      throw new Fault("bad_request", `multipart: ${cause.message}`, { cause });
    throw cause;
  });
  deps.later(work.catch(() => undefined));
  return work;
}
