import { decodeText } from "./bytes.ts";
import { refusal } from "./faults.ts";

const MAX_MANIFEST_LINES = 10_000;

export type PayloadPath = { index: number; fileName: string; path: string };

/** The checksums an artifact states, from `manifest` and `manifest-augment` together. */
export class Manifest {
  readonly #checksums = new Map<string, string>();
  readonly #unseen = new Set<string>();

  /** Adds the lines of one manifest file and returns the paths it lists. */
  addLines(content: Uint8Array): string[] {
    const lines = decodeText(content).split("\n");
    // What follows the last line end is not a line, but must look like one.
    const tail = lines.pop() ?? "";
    if (tail.trim() !== "" && !tail.includes("  "))
      throw refusal("manifest_invalid", `readHeaderV3: Garbled entry in manifest: '${tail}'`);
    const paths: string[] = [];
    for (const line of lines) {
      if (line.trim() === "") continue;
      paths.push(this.#addLine(line));
    }
    return paths;
  }

  has(path: string): boolean {
    return this.#checksums.has(path);
  }

  /** The checksum the file has to have; the file counts as found from here on. */
  expect(path: string): string | null {
    this.#unseen.delete(path);
    return this.#checksums.get(path) ?? null;
  }

  unseen(): string[] {
    return [...this.#unseen];
  }

  #addLine(line: string): string {
    const [checksum, path, ...rest] = line.split("  ");
    if (checksum === undefined || path === undefined || rest.length > 0) {
      throw refusal("manifest_invalid", `checksum: malformed checksum line: '${line}'`);
    }
    if (this.#checksums.has(path)) {
      throw refusal("manifest_invalid", `${POPULATE}: file already exists`);
    }
    if (this.#checksums.size >= MAX_MANIFEST_LINES) {
      throw refusal("limit_exceeded", `${POPULATE}: more than ${MAX_MANIFEST_LINES} lines`);
    }
    this.#checksums.set(path, checksum);
    this.#unseen.add(path);
    return path;
  }
}

const POPULATE = "readHeaderV3: readHeaderV3: Failed to populate the manifest's checksum store";

/** What they name is the folder, or the one above. */
const NO_NAMES = [".", ".."];

/** The listed files that belong to payloads: `data/NNNN/<file>`. */
export function payloadPaths(paths: readonly string[], payloadCount: number): PayloadPath[] {
  return paths
    .filter((path) => path.startsWith("data/"))
    .map((path) => {
      const [, digits = "", fileName, ...rest] = path.split("/");
      if (fileName === undefined || NO_NAMES.includes(fileName) || rest.length > 0) {
        throw refusal("manifest_invalid", `Malformed manifest entry: '${path}'`);
      }
      if (!/^[0-9]{4}$/.test(digits)) {
        throw refusal("manifest_invalid", `Manifest entry does not contain four digits: '${path}'`);
      }
      const index = Number(digits);
      if (index >= payloadCount) {
        throw refusal("manifest_invalid", `File in manifest does not belong to any Payload: ${path}`);
      }
      return { index, fileName, path };
    });
}
