import { z } from "@hono/zod-openapi";
import { moduleDefaults, singleFileArtifact, type Software } from "../artifact/images.ts";
import { checkSpec, ArtifactSpecError, MAX_FILE_NAME_LENGTH } from "../artifact/spec-check.ts";
import type { ArtifactSpec, PayloadFile } from "../artifact/spec.ts";
import {
  composedArtifact,
  compositionOf,
  compositionProblem,
  CompositionSchema,
  IMAGES_FILE,
} from "./generate-composition.ts";
import { withMembers } from "../platform/json-members.ts";
import { textProblem } from "./generate-text.ts";

/** Published update modules that define their payload. Any other type is a single file. */
const MODULES = ["single-file", "script", "directory", "docker-compose"] as const;

export const PayloadSchema = z.object({
  module: z.enum(MODULES),
  filename: z.string(),
  destination: z.string(),
  software: z.object({
    filesystem: z.string().optional(),
    name: z.string().optional(),
    version: z.string().optional(),
  }),
  composition: CompositionSchema.optional(),
});

/** What becomes of the file on the device. */
export type Payload = z.output<typeof PayloadSchema>;

const MAX_TEXT = 256;
const text = z.string().optional();
const Args = z.object({
  filename: text,
  dest_dir: text,
  software_filesystem: text,
  software_name: text,
  software_version: text,
  project_name: text,
  manifest: text,
});
type Args = z.output<typeof Args>;

/** Modules that look for a file of one name. */
const FILE_NAMES: Partial<Record<(typeof MODULES)[number], string>> = {
  directory: "update.tar",
  "docker-compose": IMAGES_FILE,
};

interface Described {
  name: string;
  deviceTypes: readonly string[];
}

/** The payload that a form asks for, or why there can be none (protocol notes, generate-artifact 3). */
export function payloadOf(type: string, args: string | undefined, described: Described): Payload | string {
  const parsed = parseArgs(args);
  if (!parsed) return "can't parse 'args'";
  const module = MODULES.find((known) => known === type) ?? "single-file";
  const payload: Payload = {
    module,
    filename: FILE_NAMES[module] ?? baseName(parsed.filename ?? ""),
    destination: parsed.dest_dir ?? "",
    software: {
      ...(parsed.software_filesystem && { filesystem: parsed.software_filesystem }),
      ...(parsed.software_name && { name: parsed.software_name }),
      ...(parsed.software_version && { version: parsed.software_version }),
    },
    ...(module === "docker-compose" && { composition: compositionOf(parsed) }),
  };
  return argsProblem(parsed, payload) ?? specProblem(payload, described) ?? payload;
}

function parseArgs(args: string | undefined): Args | undefined {
  try {
    return Args.safeParse(withMembers(Args, JSON.parse(args ?? ""))).data;
  } catch {
    return undefined;
  }
}

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function argsProblem(
  args: Args,
  { module, filename, destination, composition }: Payload,
): string | undefined {
  if (filename === "") return "filename can't be empty";
  if (filename === "." || filename === "..") return "filename must be the name of a file";
  return (
    textProblem("filename", filename, MAX_TEXT) ??
    (composition && compositionProblem(composition)) ??
    (module === "single-file" || module === "directory" ? destinationProblem(destination) : undefined) ??
    textProblem("software_filesystem", args.software_filesystem ?? "", MAX_TEXT) ??
    textProblem("software_name", args.software_name ?? "", MAX_TEXT) ??
    textProblem("software_version", args.software_version ?? "", MAX_TEXT)
  );
}

function destinationProblem(path: string): string | undefined {
  if (!path.startsWith("/")) return "invalid artifact destination dir: need an absolute path";
  if (path.split("/").includes(".."))
    return "invalid artifact destination dir: path must not contain '..' components";
  return textProblem("dest_dir", path);
}

/** What the writer would refuse in the end is refused now. */
function specProblem(payload: Payload, described: Described): string | undefined {
  const { filename, module } = payload;
  if (filename.length > MAX_FILE_NAME_LENGTH)
    return `filename exceeds maximum length of ${MAX_FILE_NAME_LENGTH}`;
  if (module === "single-file" && ["dest_dir", "filename", "permissions"].includes(filename)) {
    return `filename must not be ${filename}: file already exists`;
  }
  try {
    checkSpec(specOf(payload, described, { content: new Uint8Array() }));
    return undefined;
  } catch (cause) {
    if (cause instanceof ArtifactSpecError) return cause.message;
    throw cause;
  }
}

type Content = PayloadFile extends infer File
  ? File extends unknown
    ? Omit<File, "name" | "mode">
    : never
  : never;

/** The artifact of a payload, laid out as its update module reads it. */
export function specOf(payload: Payload, { name, deviceTypes }: Described, content: Content): ArtifactSpec {
  const { module, filename, destination, composition } = payload;
  const software = payload.software as Software; // absent members are left out, never undefined
  const file = { name: filename, ...content } as PayloadFile; // a name and one kind of content make one
  if (module === "single-file") {
    return singleFileArtifact({ name, deviceTypes, destination, software, file });
  }
  if (composition) return composedArtifact({ name, deviceTypes }, composition, software, file);
  const defaults = moduleDefaults(name, module, software);
  if (module === "script") {
    return { name, deviceTypes, payloadType: module, ...defaults, files: [{ ...file, mode: 0o755 }] };
  }
  const line = new TextEncoder().encode(`${destination}\n`);
  return {
    name,
    deviceTypes,
    payloadType: module,
    ...defaults,
    files: [{ name: "dest_dir", content: line }, file],
  };
}
