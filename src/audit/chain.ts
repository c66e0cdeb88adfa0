import { createHash } from "node:crypto";
import type { TenantId } from "../platform/ids.ts";
import type { StoredEntry } from "./store.ts";

/** An entry that has a place in the log. */
export type PlacedEntry = StoredEntry & { position: number };

/** What the first entry follows. */
export const BEGINNING = "0".repeat(64);

/** Bound to the hash, so that another form of entries would be another chain. */
const FORM = "edgemend-audit-1";

/** All that is stored of an entry, in one spelling. */
const canonical = (tenant: TenantId, entry: PlacedEntry): string =>
  JSON.stringify([
    FORM,
    tenant,
    entry.position,
    entry.time_ms,
    entry.id,
    entry.actor_type,
    entry.actor_id,
    entry.actor_email,
    entry.action,
    entry.object_type,
    entry.object_id,
    entry.object,
    entry.change,
    entry.meta,
  ]);

/** The hash of an entry, made of it and of the hash before: SHA-256 in hexadecimal digits. */
export const hashOf = (tenant: TenantId, before: string, entry: PlacedEntry): string =>
  createHash("sha256")
    .update(`${before}\n${canonical(tenant, entry)}`)
    .digest("hex");
