import { gunzipSync, gzipSync } from "node:zlib";
import { sql, type SQL } from "drizzle-orm";
import { change, inJson, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { putAllRows } from "../../platform/stored-rows.ts";
import type { Image } from "../journal/lines.ts";
import type { Subject } from "../journal/subjects.ts";
import type { Value } from "../rows-store.ts";
import { DATABASE, isWithin } from "../../platform/limits.ts";
import { restoreRowsTable } from "../tables.ts";
import { IMAGES_A_PAGE, PAGE_BYTES } from "./limits.ts";
import { RestoreFault } from "./restore-fault.ts";
import { columnList, columnsAt, list } from "./rows-by-key-store.ts";
import { DEPLOYMENT, DEVICE, tableOf } from "./subjects.ts";

const COLUMNS = ["tenant_id", "subject", "key", "image", "identity_hash"];
const ROWS_A_REMOVAL = 2000;
/** Of what a row may have, as much as leaves its key some room. */
const IMAGE_BYTES = DATABASE.valueBytes - 10_000;

/** A text of texts may be twice as long as they are: one that is too long for a row is packed. */
function packedText(text: string): string {
  if (isWithin(text, IMAGE_BYTES)) return text;
  const packed = gzipSync(text).toString("base64");
  if (!isWithin(packed, IMAGE_BYTES)) throw new RestoreFault("a record of the journal is too large");
  return packed;
}

const unpackedText = (image: string): string =>
  image.startsWith("{") ? image : gunzipSync(Buffer.from(image, "base64")).toString();

const hasRows = ({ rows: tables }: Image): boolean => Object.values(tables).some((of) => of.length > 0);

/** Writes down what subjects were; the last image of each stays, and one without rows was none. */
export function stageStatements(tenant: TenantId, images: readonly Image[]): Statement<number>[] {
  const last = new Map(
    images.map((image) => [JSON.stringify([image.subject, JSON.stringify(image.key)]), image]),
  );
  const there = [...last.values()].filter(hasRows).map(({ subject, key, rows: tables }) => ({
    tenant_id: tenant,
    subject,
    key: JSON.stringify(key),
    image: packedText(JSON.stringify(tables)),
    identity_hash: tables.devices?.[0]?.identity_hash ?? null,
  }));
  const gone = [...last].filter(([, image]) => !hasRows(image)).map(([name]) => name);
  const remove = change(sql`
    DELETE FROM ${restoreRowsTable} WHERE tenant_id = ${tenant} AND (subject, key) IN (
      SELECT asked.value ->> '$[0]', asked.value ->> '$[1]' FROM json_each(${JSON.stringify(gone)}) asked)`);
  return [...putAllRows("restore_rows", COLUMNS, there, "REPLACE"), ...(gone.length > 0 ? [remove] : [])];
}

/** What was staged of a subject after this key, as much as a page may have, but one image at least. */
export const stagedPageStatement = (tenant: TenantId, subject: string, after: string): Statement<Image[]> =>
  mapped(
    rows<{ key: string; image: string }>(sql`
      SELECT key, image FROM (
        SELECT key, image, sum(iif(image LIKE '{%', length(image), ${PAGE_BYTES})) OVER page AS page_bytes, row_number() OVER page AS page_row
        FROM (SELECT key, image FROM ${restoreRowsTable}
          WHERE tenant_id = ${tenant} AND subject = ${subject} AND key > ${after} ORDER BY key LIMIT ${IMAGES_A_PAGE})
        WINDOW page AS (ORDER BY key ROWS UNBOUNDED PRECEDING))
      WHERE page_row = 1 OR page_bytes <= ${PAGE_BYTES} ORDER BY page_row`),
    (found) =>
      found.map(({ key, image }) => ({
        subject,
        key: JSON.parse(key) as Value[], // both written by `stageStatements`
        rows: JSON.parse(unpackedText(image)) as Image["rows"],
      })),
  );

/** Removes some of what was staged. */
export const unstageStatement = (tenant: TenantId): Statement<number> =>
  change(sql`
    DELETE FROM ${restoreRowsTable} WHERE (tenant_id, subject, key) IN (
      SELECT tenant_id, subject, key FROM ${restoreRowsTable} WHERE tenant_id = ${tenant} LIMIT ${ROWS_A_REMOVAL})`);

/** Tables whose rows stay with a device that stays; what it was given by a deployment does not. */
const HAS_DEVICE: ReadonlySet<string> = new Set([
  "devices",
  "auth_sets",
  "inventory_devices",
  "device_configurations",
  "monitor_devices",
  "monitor_latest",
]);

/** Whether a device was not there, and is one that stays: it waits, and its rows with it. */
const isNewDevice = (tenant: TenantId, device: SQL): SQL => sql`EXISTS (
  SELECT 1 FROM devices d WHERE d.tenant_id = ${tenant} AND d.device_id = ${device} AND ${isNew(sql`d`)})`;

/** Devices that have asked to be let in since; what was only expected of them is taken back. */
const isNew = (d: SQL): SQL => sql`${d}.status IN ('accepted', 'pending', 'rejected')
  AND NOT EXISTS (SELECT 1 FROM ${restoreRowsTable} s
    WHERE s.tenant_id = ${d}.tenant_id AND s.subject = ${DEVICE} AND s.key = json_array(${d}.device_id))
  AND NOT EXISTS (SELECT 1 FROM ${restoreRowsTable} s
    WHERE s.tenant_id = ${d}.tenant_id AND s.identity_hash = ${d}.identity_hash)`;

/** The columns of a subject's key as the table is in their order. */
function orderOf({ key }: Subject, table: string): readonly string[] {
  const own = tableOf(table).key.slice(0, key.length);
  return own.every((column) => key.includes(column)) ? own : key;
}

export interface LivePage {
  /** Keys of subjects that were not there. */
  unknown: Value[][];
  /** Their rows. */
  rows: number;
  /** Where the page ends; nothing after the last page. */
  last: Value[] | undefined;
}

/** Subjects that a table has now and that were not staged, of the page after this key. */
export function unknownPageStatement(
  tenant: TenantId,
  subject: Subject,
  table: string,
  after: readonly Value[] | null,
): Statement<LivePage> {
  const { key, name } = subject;
  const ordered = orderOf(subject, table);
  const isOne = key.length === 0;
  const order = isOne ? sql`tenant_id` : columnList(ordered);
  const from =
    after === null
      ? sql``
      : isOne
        ? sql`AND 0`
        : sql`AND (${order}) > (${list(after.map((value) => sql`${value}`))})`;
  const parts = columnsAt(sql`p`, key);
  const isStaged = sql`EXISTS (SELECT 1 FROM ${restoreRowsTable} s
    WHERE s.tenant_id = ${tenant} AND s.subject = ${name} AND s.key = json_array(${parts}))`;
  const stays = HAS_DEVICE.has(table) ? isNewDevice(tenant, sql`p.device_id`) : sql`0`;
  // Grouped as it is ordered, so that an index gives a page without the rest.
  return mapped(
    rows<{ key: string; place: string; n: number; unknown: number }>(sql`
      SELECT json_array(${parts}) AS key, json_array(${columnsAt(sql`p`, isOne ? [] : ordered)}) AS place, n,
        NOT ${isStaged} AND NOT ${stays} AS unknown
      FROM (
        SELECT ${order}, count(*) AS n FROM ${sql.identifier(table)}
        WHERE tenant_id = ${tenant} ${from} GROUP BY ${order} ORDER BY ${order} LIMIT ${IMAGES_A_PAGE}) p
      ORDER BY ${isOne ? sql`n` : columnsAt(sql`p`, ordered)}`),
    (found) => {
      const values = (text = "[]") => JSON.parse(text) as Value[]; // an array by the statement
      return {
        unknown: found.flatMap((row) => (row.unknown === 1 ? [values(row.key)] : [])),
        rows: found.reduce((sum, { n, unknown }) => sum + n * unknown, 0),
        last: found.length < IMAGES_A_PAGE ? undefined : values(found.at(-1)?.place),
      };
    },
  );
}

export interface WaitingPage {
  /** Accepted devices that were not there. */
  devices: string[];
  /** The last device that was looked at; nothing after the last page. */
  last: string | undefined;
}

/** Accepted devices that are to wait, among some after this id. */
export const toWaitStatement = (tenant: TenantId, after: string, looked: number): Statement<WaitingPage> =>
  mapped(
    rows<{ device_id: string; waits: number }>(sql`
      SELECT p.device_id, ${isNew(sql`p`)} AS waits FROM (
        SELECT * FROM devices INDEXED BY devices_by_status
        WHERE tenant_id = ${tenant} AND status = 'accepted' AND device_id > ${after} ORDER BY device_id LIMIT ${looked}) p`),
    (found) => ({
      devices: found.flatMap(({ device_id, waits }) => (waits === 1 ? [device_id] : [])),
      last: found.length < looked ? undefined : found.at(-1)?.device_id,
    }),
  );

/** Ids of deployments by their numbers, as they are now and as they were. */
export const deploymentIdsStatement = (tenant: TenantId, seqs: readonly number[]): Statement<string[]> =>
  mapped(
    rows<{ id: string }>(sql`
      SELECT coalesce(
        (SELECT deployment_id FROM deployments WHERE tenant_id = ${tenant} AND seq = asked.value),
        (SELECT iif(image LIKE '{%', image ->> '$.deployments[0].deployment_id', NULL) FROM ${restoreRowsTable}
          WHERE tenant_id = ${tenant} AND subject = ${DEPLOYMENT} AND key = json_array(asked.value))) AS id
      FROM json_each(${JSON.stringify(seqs)}) asked`),
    (found) => found.map(({ id }) => id),
  );

/** Those of the deployments that have not ended. */
export const openAmongStatement = (tenant: TenantId, seqs: readonly number[]): Statement<number[]> =>
  mapped(
    rows<{ seq: number }>(sql`
      SELECT seq FROM deployment_counters
      WHERE tenant_id = ${tenant} AND ${inJson(sql`seq`, seqs)} AND stage < 2`),
    (found) => found.map(({ seq }) => seq),
  );
