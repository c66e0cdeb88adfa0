import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, release, type } from "node:os";
import type { Machine } from "./results.ts";

function versionOf(name: string): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const { version }: { version: string } = JSON.parse(readFileSync(file, "utf8"));
  return version;
}

/** What a run stood on. */
export const machineFacts = (): Machine => ({
  cores: availableParallelism(),
  processor: cpus()[0]?.model.trim() ?? "unknown",
  system: `${type()} ${release()}`,
  node: process.versions.node,
  workerd: versionOf("workerd"),
});
