import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bundleWorker } from "../../../src/local/bundle.ts";
import { kept } from "../../../src/local/kept.ts";

let folder: string;
let entry: string;
let cache: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgemend-bundle-"));
  entry = join(folder, "entry.ts");
  cache = join(folder, "kept");
  write("word.ts", `export const word: string = "first";`, 1);
  write(
    "entry.ts",
    `import { word } from "./word.ts"; import text from "./text.sql"; export default word + text;`,
    1,
  );
  write("text.sql", "SELECT 1", 1);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file that was changed at this second. */
function write(name: string, content: string, changedS: number): void {
  writeFileSync(join(folder, name), content);
  utimesSync(join(folder, name), changedS, changedS);
}

const bundle = () =>
  kept(
    "worker",
    async () => {
      const { text, files } = await bundleWorker(entry, [".sql"]);
      return { value: text, files: [...files, join(folder, "settings")] };
    },
    cache,
  );
/** What a start takes for the bundle that was made last. */
const mark = () => {
  const [file] = readdirSync(cache);
  const path = join(cache, file!);
  writeFileSync(path, readFileSync(path, "utf8").replace("first", "as kept"));
};

describe("the bundle of the Worker", () => {
  it("is made once while its files are the same", async () => {
    expect(await bundle()).toContain("first");
    mark();
    expect(await bundle()).toContain("as kept");
    expect(await bundle()).toContain("SELECT 1");
  });

  it.each([
    ["is changed", () => write("word.ts", `export const word = "second";`, 1)],
    ["has another time", () => write("word.ts", `export const word: string = "first";`, 2)],
    ["that it looks for comes about", () => write("settings", "", 1)],
    ["among those of text is changed", () => write("text.sql", "SELECT 23", 1)],
  ])("is made again when a file %s", async (_, change) => {
    await bundle();
    mark();
    change();
    expect(await bundle()).not.toContain("as kept");
  });

  it("is made again when what was kept is damaged", async () => {
    await bundle();
    const [file] = readdirSync(cache);
    writeFileSync(join(cache, file!), "{");
    expect(await bundle()).toContain("first");
  });

  it("is not kept of files that change while it is made", async () => {
    write("word.ts", `export const word = "first";`, 4_000_000_000);
    expect(await bundle()).toContain("first");
    expect(readdirSync(folder)).not.toContain("kept");
  });

  it("is made at each start where nothing can be kept", async () => {
    writeFileSync(cache, "a file");
    expect(await bundle()).toContain("first");
    expect(await bundle()).toContain("first");
  });
});
