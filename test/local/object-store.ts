import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/**
 * What the object storage of a data folder holds, read from its files beside or without a server. Checkpoints of the audit
 * log and journals, which come by themselves, are left out.
 */
export interface StoredObjects {
  /** Bytes of each finished object. */
  sizes: number[];
  /** Parts of uploads that are neither finished nor given up. */
  openParts: number;
}

const IN_PROGRESS = 0;

export function storedObjects(data: string): StoredObjects {
  const folder = join(data, "state/r2/miniflare-R2BucketObject");
  const found: StoredObjects = { sizes: [], openParts: 0 };
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(".sqlite") || file === "metadata.sqlite") continue;
    const database = new DatabaseSync(join(folder, file), { readOnly: true, timeout: 5000 });
    try {
      // A bucket that was never asked anything has no tables yet.
      if (!database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_mf_objects'").get()) continue;
      const objects = database
        .prepare(
          "SELECT size FROM _mf_objects WHERE key NOT GLOB 'audit/*' AND key NOT GLOB 'journals/*' ORDER BY size",
        )
        .all();
      found.sizes.push(...objects.map(({ size }) => Number(size)));
      const open = database.prepare(
        `SELECT count(*) AS parts FROM _mf_multipart_parts JOIN _mf_multipart_uploads USING (upload_id)
         WHERE state = ${IN_PROGRESS}`,
      );
      found.openParts += Number(open.get()?.parts);
    } finally {
      database.close();
    }
  }
  return found;
}
