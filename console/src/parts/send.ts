import { MARK, refuseBad } from "../api/client.ts";

/** How far the bytes of a request went; `fetch` does not tell. */
export function send(
  method: string,
  path: string,
  body: Blob | FormData,
  { signal, onSent }: { signal?: AbortSignal; onSent?: (bytes: number) => void } = {},
): Promise<Response> {
  return new Promise<Response>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    for (const [name, value] of Object.entries(MARK)) request.setRequestHeader(name, value);
    const told = request.upload;
    if (onSent) told.addEventListener("progress", ({ loaded }) => onSent(loaded));
    request.addEventListener("load", () => {
      const { status, statusText } = request;
      const headers: [string, string][] = request
        .getAllResponseHeaders()
        .trim()
        .split("\r\n")
        .flatMap((line) => {
          const at = line.indexOf(":");
          return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()] as [string, string]];
        });
      const isEmpty = status === 204 || request.responseText === "";
      resolve(new Response(isEmpty ? null : request.responseText, { status, statusText, headers }));
    });
    request.addEventListener("error", () => reject(new TypeError("the connection broke")));
    request.addEventListener("abort", () => reject(new DOMException("given up", "AbortError")));
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  }).then(refuseBad);
}
