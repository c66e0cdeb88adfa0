import { stringFault } from "./json.ts";
import { isPayloadFileName } from "./payload-archive.ts";
import { MAX_USTAR_SIZE } from "./tar-header.ts";
import type { ArtifactSpec } from "./spec.ts";

/** The specification cannot become an artifact that devices and servers accept. */
export class ArtifactSpecError extends Error {
  override readonly name = "ArtifactSpecError";
}

/** Devices refuse manifest paths above 100 characters; `data/0000/` takes ten. */
export const MAX_FILE_NAME_LENGTH = 90;
const SCRIPT_NAME =
  /^Artifact(Install|Reboot|Commit|Rollback|RollbackReboot|Failure)_(Enter|Leave|Error)_[0-9]{2}(_\S+)?$/;

export function checkSpec(spec: ArtifactSpec): void {
  checkText("artifact name", spec.name);
  if (spec.deviceTypes.length === 0) throw new ArtifactSpecError("no device types");
  for (const type of spec.deviceTypes) checkText("device type", type);
  if (spec.payloadType !== null) checkText("payload type", spec.payloadType);
  for (const name of spec.dependsOnNames ?? []) checkText("name to depend on", name);
  for (const group of spec.dependsOnGroups ?? []) checkText("group to depend on", group);
  if (spec.group !== undefined && spec.group !== "") checkText("group", spec.group);
  checkFiles(spec);
  checkHeaderParts(spec);
}

function checkText(what: string, text: string): void {
  const fault = text === "" ? "empty" : stringFault(text);
  if (fault !== null) throw new ArtifactSpecError(`invalid ${what}: ${fault}`);
}

function checkFiles({ files = [], payloadType, compression }: ArtifactSpec): void {
  const names = files.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw new ArtifactSpecError("a payload file is listed twice");
  if (payloadType === null && files.length > 0) {
    throw new ArtifactSpecError("a bootstrap artifact has no files");
  }
  if (payloadType === "rootfs-image" && files.length !== 1) {
    throw new ArtifactSpecError("Rootfs: Must provide exactly one update file");
  }
  for (const file of files) {
    if (!isPayloadFileName(file.name) || file.name.length > MAX_FILE_NAME_LENGTH) {
      throw new ArtifactSpecError(
        `payload file name ${JSON.stringify(file.name)}: 1 to ${MAX_FILE_NAME_LENGTH} letters, digits and ".,_-" are allowed`,
      );
    }
    if ("content" in file) continue;
    if (compression === "gzip") throw new ArtifactSpecError("a streamed file cannot be compressed");
    if (file.size > MAX_USTAR_SIZE) throw new ArtifactSpecError("a payload file has at most 8 GiB - 1 byte");
  }
}

function checkHeaderParts({ scripts = [], metaData, payloadType }: ArtifactSpec): void {
  for (const { name } of scripts) {
    if (!SCRIPT_NAME.test(name)) throw new ArtifactSpecError(`invalid script name: ${name}`);
  }
  if (payloadType === null && metaData !== undefined) {
    throw new ArtifactSpecError("a bootstrap artifact has no meta-data");
  }
}
