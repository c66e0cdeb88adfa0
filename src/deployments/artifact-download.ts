import { besideDirectory } from "../platform/beside.ts";
import { acceptedDeviceStatement } from "../deviceauth/index.ts";
import { mapped, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { isTagged } from "../platform/reach.ts";
import { artifactBytesStatement, tagsOfArtifactStatement, type ArtifactBytes } from "../releases/index.ts";
import {
  answerBytes,
  counted,
  cut,
  type ByteRequest,
  type Recipient,
  type UserRecipient,
} from "../storage/index.ts";
import { mayStatement } from "../useradm/index.ts";
import { isDownloading } from "./status.ts";
import { mayDownload } from "./store/usage.ts";
import { gone, Transfer } from "./transfer.ts";

export interface DownloadRequest extends ByteRequest {
  tenant: TenantId;
  artifact: string;
  recipient: Recipient | undefined;
}

interface Known {
  bytes: ArtifactBytes;
  /** The device told that it is in the middle of this download. */
  downloading: boolean;
}

/**
 * Small devices fetch an artifact in thousands of ranges, so what is known of a link is kept for a few seconds: after
 * that an artifact is gone that was deleted, and a link is dead whose recipient lost the right to it.
 */
const KNOWN_FOR_MS = 4_000;
const MAX_KNOWN = 1_000;
const known = new Map<string, Known & { untilMs: number }>();

async function find(deps: Deps, request: DownloadRequest): Promise<Known> {
  const key = JSON.stringify([request.tenant, request.artifact, request.recipient]);
  const cached = known.get(key);
  if (cached && cached.untilMs > deps.now()) return cached;
  known.delete(key);
  const found = await lookUp(deps, request);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, { ...found, untilMs: deps.now() + KNOWN_FOR_MS });
  return found;
}

const revoked = () => new Fault("forbidden", "URL revoked");

/** One round trip, whoever the link was given to. */
async function lookUp(deps: Deps, request: DownloadRequest): Promise<Known> {
  const { tenant, artifact, recipient } = request;
  if (recipient?.kind === "user") return lookUpForUser(deps, request, recipient);
  const [bytes, ...rights] = await deps
    .db(tenant)
    .batch([artifactBytesStatement(tenant, artifact), ...rightsStatements(tenant, recipient)]);
  if (rights.includes(undefined)) throw revoked();
  if (!bytes) throw gone();
  return { bytes, downloading: rights.some((right) => right?.downloading) };
}

type Right = Pick<Known, "downloading">;

const rightOfRow = (row: object | undefined): Right | undefined => row && { downloading: false };

/** A user who may have links to releases with some tags has none to others, although the link was given out before. */
async function lookUpForUser(
  deps: Deps,
  { tenant, artifact }: DownloadRequest,
  user: UserRecipient,
): Promise<Known> {
  const asked = {
    method: "GET",
    path: `/api/management/v1/deployments/artifacts/${artifact}/download`,
    query: "",
  };
  const may = mayStatement(tenant, user, ["artifacts:download", asked], deps.now());
  const [reach, [bytes, tags]] = await besideDirectory(deps, tenant, may, [
    artifactBytesStatement(tenant, artifact),
    tagsOfArtifactStatement(tenant, artifact),
  ]);
  if (!reach || (bytes && !isTagged(reach.releases, tags))) throw revoked();
  if (!bytes) throw gone();
  return { bytes, downloading: false };
}

/** What must hold for a device's link to work; each finds nothing once it does not. */
function rightsStatements(
  tenant: TenantId,
  recipient: Exclude<Recipient, UserRecipient> | undefined,
): Statement<Right | undefined>[] {
  if (!recipient) return [];
  const { device, deployment } = recipient;
  const isAccepted = mapped(acceptedDeviceStatement(tenant, device), rightOfRow);
  if (deployment === undefined) return [isAccepted];
  const isPart = mapped(
    mayDownload(tenant, deployment, device),
    (part) => part && { downloading: isDownloading(part) },
  );
  return [isAccepted, isPart];
}

/** The artifact or a range of it. */
export async function downloadArtifact(deps: Deps, request: DownloadRequest): Promise<Response> {
  const { bytes, downloading } = await find(deps, request);
  if (request.onlyRest && !downloading) throw new Fault("forbidden", "URL expired");
  const { name, size, layout, createdMs } = bytes;
  const transfer = new Transfer(deps, () => lookUp(deps, request));
  const answer = await answerBytes(request, {
    fileName: `${name}.mender`,
    size,
    validators: { entityTag: `"${request.artifact}"`, modifiedMs: createdMs },
    open: (range) => transfer.open(cut(layout, range)),
  });
  return counted(deps, request.tenant, answer);
}
