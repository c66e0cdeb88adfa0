import type { UserActor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId } from "../platform/ids.ts";
import { hasPermission } from "../platform/permissions.ts";
import { settingsStatement, writeSettingsStatement, type Owner } from "./settings-store.ts";

export type SettingsScope = "tenant" | "own";

const ownerOf = (actor: UserActor, scope: SettingsScope): Owner => (scope === "own" ? actor.user : "");

/** Where the web UI keeps the values that it offers for new devices; they may hold secrets as any configuration. */
const DEFAULT_CONFIGURATION = "defaultDeviceConfig";

interface Settings {
  /** Absent before the first write. */
  etag?: string;
  document: Record<string, unknown>;
}

export async function readSettings(deps: Deps, actor: UserActor, scope: SettingsScope): Promise<Settings> {
  const stored = await deps.directory.one(settingsStatement(actor.tenant, ownerOf(actor, scope)));
  if (!stored) return { document: {} };
  const document = JSON.parse(stored.document) as Record<string, unknown>; // written by `writeSettings`
  if (scope === "tenant" && !hasPermission(actor, "devices:configure"))
    delete document[DEFAULT_CONFIGURATION];
  return { etag: stored.etag, document };
}

/** The tags of an `If-Match` header in bare, quoted or weak form; undefined when anything matches. */
export function expectedTags(header: string | undefined): string[] | undefined {
  const tags = (header ?? "")
    .split(",")
    .map((tag) => tag.trim().replace(/^(?:W\/)?"(.*)"$/, "$1"))
    .filter((tag) => tag !== "");
  return tags.length === 0 || tags.includes("*") ? undefined : tags;
}

// The web UI writes its own documents at each page load; only what the whole tenant shares is worth an entry.
const auditOf = (actor: UserActor, scope: SettingsScope, keys: string[], at: number): Statement<number>[] =>
  scope === "own"
    ? []
    : [
        addAuditIfChanged(
          actor,
          {
            action: "update",
            object: { type: "settings", id: actor.tenant },
            change: `Updated settings: ${keys.join(", ")}`,
          },
          at,
        ),
      ];

/** Replaces a document. An identical one is not written again and keeps its tag. */
export async function writeSettings(
  deps: Deps,
  actor: UserActor,
  scope: SettingsScope,
  input: { document: Record<string, unknown>; expected: string[] | undefined },
): Promise<void> {
  const owner = ownerOf(actor, scope);
  const next = { etag: newId(), document: JSON.stringify(input.document) };
  const [before] = await deps.directory.batch([
    settingsStatement(actor.tenant, owner),
    writeSettingsStatement(actor.tenant, owner, next, input.expected),
    ...auditOf(actor, scope, Object.keys(input.document), deps.now()),
  ]);
  if (before && input.expected && !input.expected.includes(before.etag))
    throw new Fault("precondition_failed", "ETag doesn't match");
}
