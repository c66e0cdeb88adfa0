import { writeArtifact } from "../src/artifact/write.ts";
import type { LocalServer } from "./local-server.ts";

/** What a request cost the database. */
export interface Cost {
  trips: number;
  read: number;
  written: number;
}

/** One call of a server with a token, its answer read. */
export async function call(
  server: Pick<LocalServer, "url">,
  method: string,
  path: string,
  token: string,
  json?: unknown,
) {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(json !== undefined && { "Content-Type": "application/json" }),
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

export async function expecting(status: number, answer: ReturnType<typeof call>) {
  const done = await answer;
  if (done.status !== status) throw new Error(`expected ${status}, not ${done.status} ${done.text}`);
  return done;
}

export function costOf(headers: Headers): Cost {
  const timing = headers.get("server-timing") ?? "";
  const number = (name: string) => Number(new RegExp(`${name}=(\\d+)`).exec(timing)?.[1] ?? Number.NaN);
  return { trips: number("trips"), read: number("read"), written: number("written") };
}

/** Uploads a small artifact for devices of the type `bench`. */
export async function uploadArtifact(server: LocalServer, name: string): Promise<void> {
  const bytes = new Uint8Array(1024);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const written = await writeArtifact({
    name,
    deviceTypes: ["bench"],
    payloadType: "bench",
    files: [
      {
        name: "payload",
        size: bytes.length,
        sha256: Buffer.from(digest).toString("hex"),
        open: async function* () {
          yield bytes;
        },
      },
    ],
  });
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of written.chunks()) chunks.push(new Uint8Array(chunk));
  const form = new FormData();
  form.append("artifact", new Blob(chunks), "artifact.mender");
  const uploaded = await fetch(`${server.url}/api/management/v1/deployments/artifacts`, {
    method: "POST",
    headers: { Authorization: `Bearer ${server.token}` },
    body: form,
  });
  if (uploaded.status !== 201) throw new Error(`artifact: ${uploaded.status} ${await uploaded.text()}`);
}
