import { gzipSync, zstdCompressSync } from "node:zlib";
import { artifact, pack, type Packing, tar } from "./artifact-samples.ts";

/** Made once with xz: Node has no compressor for it. */
export const XZ_MEBIBYTE_OF_ZEROS = Buffer.from(
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj7///ANldAABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7kHoLTL8U6PAFLsX7JiopNL6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE2PdEDKtfDW1G6eXDdoi3llestk3haR1v+0uIEGxCy4g/XACP0E6vJiiUcR89jyThcJ6nI1/sKMuF0ZWYin4qkfIndfcZwAaYTZj92K/VkA/EJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1Iq9+SVJQAAAAAAwva6PqJwa2AAAfUBgIBAAHmXf0exxGf7AgAAAAAEWVo=",
  "base64",
);

const MIB = 1024 * 1024;

const repeated = (content: Uint8Array, times: number): Buffer =>
  Buffer.concat(Array.from({ length: times }, () => content));

/** An artifact whose data part is these bytes. */
const withData = (name: string, content: Uint8Array): Buffer =>
  artifact({ outer: (all) => [...all.slice(0, -1), { name, content }] });

/** Streams that unpack to so many mebibytes of zeros: no tar archive begins so, but what ends one does. */
const zeros = {
  gzip: (mib: number) => repeated(gzipSync(Buffer.alloc(MIB)), mib),
  zstd: (mib: number) => repeated(zstdCompressSync(Buffer.alloc(MIB)), mib),
  xz: (mib: number) => repeated(XZ_MEBIBYTE_OF_ZEROS, mib),
};

const SUFFIX = { gzip: "gz", zstd: "zst", xz: "xz" } as const;

/** Behind the end of an archive of files, so that the reader has to go all the way. */
function behindFiles(kind: keyof typeof SUFFIX, mib: number): Buffer {
  const packing: Packing = kind === "xz" ? "gzip" : kind;
  const start =
    kind === "xz" ? Buffer.alloc(0) : pack(tar([{ name: "hello.txt", content: "hello\n" }]), packing);
  return withData(`data/0000.tar.${SUFFIX[kind]}`, Buffer.concat([start, zeros[kind](mib)]));
}

/** Small files that want to become large ones. */
export function bombs(mib: number): [string, Buffer][] {
  return [
    ["gzip, behind the files", behindFiles("gzip", mib)],
    ["zstd, behind the files", behindFiles("zstd", mib)],
    ["xz, instead of files", behindFiles("xz", mib)],
    [
      "gzip, in a file",
      artifact({ files: [{ name: "zeros", content: Buffer.alloc(Math.min(mib, 200) * MIB) }] }),
    ],
    ["gzip, in a script", artifact({ scripts: [{ name: "scripts/a", content: Buffer.alloc(80 * MIB) }] })],
    ["ten thousand members of nothing", withData("data/0000.tar.gz", repeated(gzipSync(""), 200_000))],
    [
      "a header of many files",
      artifact({ scripts: Array.from({ length: 10_001 }, (_, index) => ({ name: `scripts/${index}` })) }),
    ],
    [
      "a manifest of many lines",
      artifact({ manifest: (lines) => [...lines, ...Array.from({ length: 20_000 }, (_, n) => `0  ${n}`)] }),
    ],
    [
      "meta-data of many levels",
      artifact({ metaData: `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}` }),
    ],
  ];
}
