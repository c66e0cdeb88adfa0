/**
 * A stream that can cross to an object and back: it takes from the source only what its reader asks for, and its bytes
 * are its own, since sending them takes their buffer away. `finished` is called once, however the stream ends.
 */
export function byteStream(
  source: AsyncIterable<Uint8Array>,
  finished: () => void = () => {},
): ReadableStream<Uint8Array> {
  const pieces = source[Symbol.asyncIterator]();
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      try {
        const { done, value } = await pieces.next();
        if (!done) return controller.enqueue(new Uint8Array(value));
        controller.close();
        controller.byobRequest?.respond(0);
      } catch (cause) {
        controller.error(cause);
      }
      finished();
    },
    async cancel() {
      await pieces.return?.();
      finished();
    },
  });
}
