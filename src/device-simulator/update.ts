import { createHash } from "node:crypto";
import { readArtifact, type ArtifactDescription } from "../artifact/read.ts";
import type { Instructions, LogMessage, SimulatedDevice } from "./device.ts";
import { downloadBytes } from "./download.ts";

export interface Downloaded {
  artifact: ArtifactDescription;
  size: number;
  /** Of the whole file, in hexadecimal. */
  sha256: string;
}

/** Fetches the artifact, resuming where needed, and verifies every checksum in it. */
async function download(device: SimulatedDevice, instructions: Instructions): Promise<Downloaded> {
  const hash = createHash("sha256");
  async function* hashed() {
    for await (const bytes of downloadBytes(device.transport, instructions.artifact.source.uri)) {
      hash.update(bytes);
      yield bytes;
    }
  }
  const read = await readArtifact(hashed());
  if (!read.ok) throw new Error(`the artifact is not good: ${read.fault.message}`);
  return { artifact: read.artifact, size: read.artifact.size, sha256: hash.digest("hex") };
}

export interface UpdateOptions {
  /** The update module: what it throws fails the update. */
  install?: (downloaded: Downloaded) => void | Promise<void>;
  reboots?: boolean;
  /** Told each status after the server has taken it. */
  onStatus?: (status: string) => void;
}

export type UpdateOutcome =
  | { status: "success"; downloaded: Downloaded }
  | { status: "failure"; reason: string }
  | { status: "aborted" };

class Aborted extends Error {}

/** Carries the instructions out and reports each step in the order real devices do. */
export async function carryOut(
  device: SimulatedDevice,
  instructions: Instructions,
  options: UpdateOptions = {},
): Promise<UpdateOutcome> {
  const log: LogMessage[] = [];
  const note = (level: string, message: string) =>
    log.push({ timestamp: new Date().toISOString(), level, message });
  const report = async (status: string) => {
    note("info", status);
    if (!(await device.reportStatus(instructions.id, status))) throw new Aborted();
    options.onStatus?.(status);
  };
  try {
    const downloaded = await install(device, instructions, options, report);
    return { status: "success", downloaded };
  } catch (cause) {
    if (cause instanceof Aborted) return { status: "aborted" };
    const reason = cause instanceof Error ? cause.message : String(cause);
    note("error", reason);
    if (!(await device.reportStatus(instructions.id, "failure"))) return { status: "aborted" };
    options.onStatus?.("failure");
    await device.sendLog(instructions.id, log);
    return { status: "failure", reason };
  }
}

async function install(
  device: SimulatedDevice,
  instructions: Instructions,
  options: UpdateOptions,
  report: (status: string) => Promise<void>,
): Promise<Downloaded> {
  await report("downloading");
  const downloaded = await download(device, instructions);
  const { artifact } = downloaded;
  if (!artifact.deviceTypes.includes(device.deviceType))
    throw new Error(`the artifact is not for a ${device.deviceType}`);
  await report("installing");
  await options.install?.(downloaded);
  if (options.reboots) await report("rebooting");
  // Real devices prove that they still reach the server before they commit.
  if (!(await device.authenticate())) throw new Error("the server does not let the updated device in");
  await report("installing");
  device.provides = providesAfter(device.provides, artifact);
  await report("success");
  return downloaded;
}

const matches = (pattern: string, key: string) =>
  pattern.endsWith("*") ? key.startsWith(pattern.slice(0, -1)) : key === pattern;

function providesAfter(
  before: Record<string, string>,
  artifact: ArtifactDescription,
): Record<string, string> {
  const cleared = artifact.clearsProvides ?? [];
  const kept = Object.entries(before).filter(([key]) => !cleared.some((pattern) => matches(pattern, key)));
  return { ...Object.fromEntries(kept), ...artifact.provides, artifact_name: artifact.name };
}
