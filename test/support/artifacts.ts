import { joinBytes } from "../../src/artifact/bytes.ts";
import type { ArtifactSpec } from "../../src/artifact/spec.ts";
import { writeArtifact } from "../../src/artifact/write.ts";
import { env, type Answer, type Call, type Server } from "./server.ts";

export const ARTIFACTS = "/api/management/v1/deployments/artifacts";

/** A module artifact with one file, unless told otherwise. */
export async function anArtifact(spec: Partial<ArtifactSpec> = {}): Promise<Uint8Array<ArrayBuffer>> {
  const written = await writeArtifact({
    name: "release-1",
    deviceTypes: ["raspberrypi4"],
    payloadType: "single-file",
    files: [{ name: "hello.txt", content: new TextEncoder().encode("hello\n") }],
    provides: { "rootfs-image.single-file.version": "release-1" },
    clearsProvides: ["rootfs-image.single-file.*"],
    ...spec,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of written.chunks()) chunks.push(chunk);
  return new Uint8Array(joinBytes(chunks));
}

/** Bytes that do not repeat, the same for the same seed. */
export function noise(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let state = seed * 2_654_435_761;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export type FormPart = [name: string, value: string | Uint8Array<ArrayBuffer>];

/** A form with its parts in this order. */
export function formOf(parts: readonly FormPart[]): FormData {
  const form = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([value]), "artifact.mender");
  }
  return form;
}

export interface Upload {
  token?: string | undefined;
  path?: string;
  headers?: Record<string, string>;
}

/** Uploads as mender-cli does: size, description, file. */
export const upload = (
  server: Server,
  bytes: Uint8Array<ArrayBuffer>,
  { token, path = ARTIFACTS, headers }: Upload,
  fields: readonly FormPart[] = [
    ["size", String(bytes.length)],
    ["description", "made by a test"],
  ],
): Promise<Answer> => {
  const call: Call = { token, body: formOf([...fields, ["artifact", bytes]]) };
  if (headers) call.headers = headers;
  return server.call("POST", path, call);
};

/** The id of the artifact that an upload answered with; throws if it was refused. */
export function idOf(answer: Answer): string {
  if (answer.status !== 201) throw new Error(`upload refused: ${answer.status} ${answer.text}`);
  return answer.headers.get("location")?.split("/").at(-1) ?? "";
}

export interface BucketObject {
  key: string;
  size: number;
}

/** What lies in the bucket beside journals. */
export async function bucketObjects(): Promise<BucketObject[]> {
  const { objects } = await env.ARTIFACTS.list();
  return objects.filter(({ key }) => !key.startsWith("journals/")).map(({ key, size }) => ({ key, size }));
}

/** Rows of every table that an upload writes to, to see that nothing is left half done. */
export async function storageRows(): Promise<Record<string, number>> {
  const tables = ["objects", "artifacts", "artifact_objects", "artifact_combinations", "releases", "uploads"];
  const counts = await env.DB.batch<{ n: number }>(
    tables.map((table) => env.DB.prepare(`SELECT count(*) AS n FROM ${table}`)),
  );
  return Object.fromEntries(tables.map((table, i) => [table, counts[i]?.results[0]?.n ?? -1]));
}

export const NO_ROWS = {
  objects: 0,
  artifacts: 0,
  artifact_objects: 0,
  artifact_combinations: 0,
  releases: 0,
  uploads: 0,
};

/** The statuses of answers to requests sent at once, in order of size. */
export const statusesOf = (answers: readonly Answer[]): number[] =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b);
