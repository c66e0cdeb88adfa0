import { sql } from "drizzle-orm";
import { into, type Row } from "../platform/columns.ts";
import { change, firstRow, type Statement } from "../platform/database.ts";
import { orphanSweepTable } from "./tables.ts";

/** The key after which the sweep goes on. */
export const sweptTo: Statement<Row<typeof orphanSweepTable, "after_key"> | undefined> = firstRow(
  sql`SELECT after_key FROM ${orphanSweepTable} WHERE id = 1`,
);

export const setSweptTo = (key: string): Statement<number> =>
  change(sql`INSERT ${into(orphanSweepTable, "id, after_key")} VALUES (1, ${key})
    ON CONFLICT (id) DO UPDATE SET after_key = excluded.after_key`);
