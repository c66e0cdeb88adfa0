/** What an artifact says of itself before its payload, read where the file is. Only the server's check decides. */
export interface ArtifactHead {
  name: string;
  deviceTypes: string[];
  payloadTypes: string[];
  isSigned: boolean;
}

const BLOCK = 512;
/** Headers hold scripts at most; nothing beyond is looked at. */
const MAX_HEAD_BYTES = 4 * 1024 * 1024;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).split("\0", 1)[0] ?? "";

interface TarEntry {
  name: string;
  content: Uint8Array;
  isWhole: boolean;
}

function* entriesOf(tar: Uint8Array): Generator<TarEntry> {
  for (let at = 0; at + BLOCK <= tar.length;) {
    const name = text(tar.subarray(at, at + 100));
    const size = Number.parseInt(text(tar.subarray(at + 124, at + 136)), 8);
    if (name === "" || Number.isNaN(size)) return;
    const begin = at + BLOCK;
    yield { name, content: tar.subarray(begin, begin + size), isWhole: begin + size <= tar.length };
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
}

async function unpacked({ name, content }: TarEntry): Promise<Uint8Array | undefined> {
  if (name.endsWith(".tar")) return content;
  if (!name.endsWith(".gz")) return undefined;
  const stream = new Blob([new Uint8Array(content)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

interface HeaderInfo {
  payloads?: { type?: string | null }[];
  artifact_provides?: { artifact_name?: string };
  artifact_depends?: { device_type?: string[] };
}

function described(info: HeaderInfo, isSigned: boolean): ArtifactHead {
  return {
    name: info.artifact_provides?.artifact_name ?? "",
    deviceTypes: info.artifact_depends?.device_type ?? [],
    payloadTypes: (info.payloads ?? []).map(({ type }) => type ?? "nothing but what it provides"),
    isSigned,
  };
}

/** "unknown" for an artifact whose head is packed in a way that browsers cannot read; undefined for no artifact. */
export async function readHead(file: Blob): Promise<ArtifactHead | "unknown" | undefined> {
  const head = new Uint8Array(await file.slice(0, MAX_HEAD_BYTES).arrayBuffer());
  const entries = [...entriesOf(head)];
  if (entries[0]?.name !== "version" || entries[1]?.name !== "manifest") return undefined;
  const header = entries.find(({ name }) => /^header\.tar(\.\w+)?$/.test(name));
  try {
    const inner = header?.isWhole ? await unpacked(header) : undefined;
    const info = inner && [...entriesOf(inner)].find(({ name }) => name === "header-info");
    if (!info) return "unknown";
    const parsed = JSON.parse(text(info.content)) as HeaderInfo; // shown only; the server judges it
    return described(
      parsed,
      entries.some(({ name }) => name === "manifest.sig"),
    );
  } catch {
    return "unknown";
  }
}
