import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The published program `mender-artifact` with a folder of its own to work in. */
export class ArtifactTool {
  readonly #folder = mkdtempSync(join(tmpdir(), "edgemend-artifact-"));
  #files = 0;

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  /** Puts a file into the folder and returns its path. */
  file(name: string, content: Uint8Array | string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** Both halves of a new key, as files. */
  key(kind: "rsa" | "ecdsa"): { privatePath: string; publicPath: string; publicPem: string } {
    const pair =
      kind === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 3072 })
        : generateKeyPairSync("ec", { namedCurve: "P-256" });
    // The tool reads only the traditional forms.
    const type = kind === "rsa" ? "pkcs1" : "sec1";
    const privatePem = pair.privateKey.export({ format: "pem", type }).toString();
    const publicPem = pair.publicKey.export({ format: "pem", type: "spki" }).toString();
    return {
      privatePath: this.file(`${kind}.key`, privatePem),
      publicPath: this.file(`${kind}.pub`, publicPem),
      publicPem,
    };
  }

  /** Runs `mender-artifact <flags> write …` and returns what it wrote. */
  write(kind: string, flags: string[], before: string[] = []): Buffer {
    const path = join(this.#folder, `written-${this.#files++}.mender`);
    execFileSync("mender-artifact", [...before, "write", kind, ...flags, "-o", path], {
      cwd: this.#folder,
      stdio: "pipe",
    });
    return readFileSync(path);
  }

  validate(content: Uint8Array, publicKeyPath?: string): { ok: boolean; output: string } {
    return this.#run("validate", content, publicKeyPath);
  }

  read(content: Uint8Array): { ok: boolean; output: string } {
    return this.#run("read", content);
  }

  #run(
    verb: "validate" | "read",
    content: Uint8Array,
    publicKeyPath?: string,
  ): { ok: boolean; output: string } {
    const path = this.file("subject.mender", content);
    const key = publicKeyPath === undefined ? [] : ["-k", publicKeyPath];
    const { status, stdout, stderr } = spawnSync("mender-artifact", [verb, ...key, path], {
      encoding: "utf8",
    });
    return { ok: status === 0, output: stdout + stderr };
  }
}

type SampleKey = ReturnType<ArtifactTool["key"]>;
export type ToolSample = { name: string; content: Buffer; key?: SampleKey };

const SINGLE_FILE =
  "-n file-1 -t qemux86-64 -t raspberrypi4 -T single-file -f dest_dir -f filename -f permissions -f hello.txt".split(
    " ",
  );
const ROOTFS = "-n release-1 -t qemux86-64 -f rootfs.ext4".split(" ");
const DEPENDS =
  "-n release-2 -t qemux86-64 -f rootfs.ext4 -N release-1 -g grp-a -G grp-b -d rootfs-image.version:release-1 -p extra.key:val -s ArtifactInstall_Enter_05_check".split(
    " ",
  );
const BOOTSTRAP = "-n boot-1 -t dt1 -p rootfs-image.version:boot-1 --clears-provides rootfs-image.*".split(
  " ",
);
const AUGMENTED =
  "-n aug-1 -t dt1 -T delta -f hello.txt --augment-type delta-aug --augment-file rootfs.ext4".split(" ");

/** The samples of the protocol notes (artifact-format 10), made anew. */
export function toolSamples(tool: ArtifactTool): ToolSample[] {
  tool.file("hello.txt", "hello\n");
  tool.file("dest_dir", "/opt/app\n");
  tool.file("filename", "hello.txt\n");
  tool.file("permissions", "644\n");
  tool.file("rootfs.ext4", new Uint8Array(65_536));
  tool.file("meta.json", '{"key":"value","list":[1,{"a":null}]}');
  tool.file("ArtifactInstall_Enter_05_check", "#!/bin/sh\ntrue\n");
  const rsa = tool.key("rsa");
  const ecdsa = tool.key("ecdsa");
  return [
    { name: "single-file", content: tool.write("module-image", SINGLE_FILE) },
    { name: "rootfs", content: tool.write("rootfs-image", ROOTFS) },
    { name: "depends", content: tool.write("rootfs-image", DEPENDS) },
    { name: "bootstrap", content: tool.write("bootstrap-artifact", BOOTSTRAP) },
    { name: "uncompressed", content: tool.write("module-image", SINGLE_FILE, ["--compression", "none"]) },
    { name: "xz", content: tool.write("module-image", SINGLE_FILE, ["--compression", "lzma"]) },
    { name: "rsa", content: tool.write("rootfs-image", [...ROOTFS, "-k", rsa.privatePath]), key: rsa },
    {
      name: "ecdsa",
      content: tool.write("module-image", [...SINGLE_FILE, "-k", ecdsa.privatePath]),
      key: ecdsa,
    },
    { name: "no files", content: tool.write("module-image", "-n nofiles-1 -t dt1 -T notfiles".split(" ")) },
    {
      name: "meta-data",
      content: tool.write("module-image", "-n meta-1 -t dt1 -T script -f hello.txt -m meta.json".split(" ")),
    },
    { name: "augmented", content: tool.write("module-image", AUGMENTED) },
    { name: "version 2", content: tool.write("rootfs-image", ["-v", "2", ...ROOTFS]) },
  ];
}
