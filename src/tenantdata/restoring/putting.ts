import { asDeviceId, type DeviceId } from "../../platform/ids.ts";
import type { Image } from "../journal/lines.ts";
import type { Subject } from "../journal/subjects.ts";
import type { CopiedRow, Value } from "../rows-store.ts";
import { differencesOf, isDifferent, type TableDifference } from "./differences.ts";
import { putBackStatements, storedAmongStatement, takenCombinationsStatement } from "./putting-store.ts";
import { tallied, toldMore, type Changes } from "./restore-position.ts";
import type { Restoring } from "./restoring.ts";
import { rowsWithStatement } from "./rows-by-key-store.ts";
import { deploymentIdsStatement, stagedPageStatement } from "./staging-store.ts";
import { PUT_ORDER } from "./subjects.ts";

/** The stage of a deployment that has ended. */
const ENDED = 2;

const text = (row: CopiedRow, column: string): string => String(row[column] ?? "");
const keysOf = (images: readonly Image[]): (readonly Value[])[] => images.map(({ key }) => key);

async function liveRows(
  { db, tenant }: Restoring,
  subject: Subject,
  images: readonly Image[],
  columns: ReadonlyMap<string, readonly string[]>,
): Promise<Map<string, CopiedRow[]>> {
  const found = await db.batch(
    subject.tables.map(({ name }) =>
      rowsWithStatement(tenant, name, columns.get(name) ?? [], subject.key, keysOf(images)),
    ),
  );
  return new Map(subject.tables.map(({ name }, i) => [name, found[i] ?? []]));
}

/** The names of the objects that an artifact is made of. */
const objectsOf = ({ rows }: Image): string[] =>
  (rows.artifact_objects ?? []).map((row) => text(row, "object_key"));

/** Artifacts that are gone and cannot be brought back: files of theirs are gone, or another one has their place. */
async function missingAmong(
  { db, tenant }: Restoring,
  images: readonly Image[],
  live: readonly CopiedRow[],
): Promise<{ id: string; name: string }[]> {
  const there = new Set(live.map((row) => text(row, "artifact_id")));
  const gone = images.filter(({ key: [id] }) => !there.has(String(id)));
  if (gone.length === 0) return [];
  const combinations = gone.flatMap(({ key: [id = null], rows }) =>
    (rows.artifact_combinations ?? []).map((row) => [row.name ?? null, row.combination ?? null, id] as const),
  );
  const [stored, taken] = await db.batch([
    storedAmongStatement(tenant, gone.flatMap(objectsOf)),
    takenCombinationsStatement(tenant, combinations),
  ]);
  const objects = new Set(stored.map(({ object_key }) => object_key));
  const replaced = new Set(taken.map(({ artifact_id: id }) => id));
  return gone.flatMap((image) => {
    const id = String(image.key[0]);
    const isWhole = objectsOf(image).every((key) => objects.has(key));
    return isWhole && !replaced.has(id) ? [] : [{ id, name: text(image.rows.artifacts?.[0] ?? {}, "name") }];
  });
}

const isOpen = (row: CopiedRow | undefined): boolean => row !== undefined && Number(row.stage) < ENDED;

/** With the deployments that end, and such as go on again. */
async function withDeployments(
  { db, tenant }: Restoring,
  changes: Changes,
  { added, changed }: TableDifference,
): Promise<Changes> {
  const seqs = (rows: readonly CopiedRow[]) => rows.map(({ seq }) => Number(seq));
  const ended = changed.filter(({ from, to }) => isOpen(from) && !isOpen(to)).map(({ to }) => to);
  const resumed = [
    ...added.filter(isOpen),
    ...changed.filter(({ from, to }) => !isOpen(from) && isOpen(to)).map(({ to }) => to),
  ];
  if (ended.length + resumed.length === 0) return changes;
  const [endedIds, resumedIds] = await db.batch([
    deploymentIdsStatement(tenant, seqs(ended)),
    deploymentIdsStatement(tenant, seqs(resumed)),
  ]);
  return {
    ...changes,
    deploymentsEnded: toldMore(changes.deploymentsEnded, endedIds),
    deploymentsResumed: toldMore(changes.deploymentsResumed, resumedIds),
  };
}

/** With the devices that come back, and those whose status is another. */
function withDevices(changes: Changes, { added, changed }: TableDifference): Changes {
  const back = added.map((row) => text(row, "device_id"));
  const moved = changed
    .map(({ from, to }) => ({
      id: text(to, "device_id"),
      from: text(from, "status"),
      to: text(to, "status"),
    }))
    .filter(({ from, to }) => from !== to);
  return {
    ...changes,
    devicesBack: toldMore(changes.devicesBack, back),
    devicesChanged: toldMore(changes.devicesChanged, moved),
  };
}

async function withDifferences(
  restoring: Restoring,
  before: Changes,
  differences: readonly TableDifference[],
): Promise<Changes> {
  let changes = before;
  for (const difference of differences) {
    const { table, added, changed, removed } = difference;
    const tally = { added: added.length, changed: changed.length, removed: removed.length };
    changes = tallied(changes, table, tally);
    if (table === "devices") changes = withDevices(changes, difference);
    if (table === "deployment_counters") changes = await withDeployments(restoring, changes, difference);
  }
  return changes;
}

/** Devices whose inventory is another. */
const inventoriesIn = (differences: readonly TableDifference[]): DeviceId[] =>
  differences
    .filter(({ table }) => table === "inventory_devices")
    .flatMap(({ changed, removed }) => [...changed.map(({ from }) => from), ...removed])
    .map((row) => asDeviceId(text(row, "device_id")));

/** Compares a page of what there was with what there is, and puts it back if that is wanted. Answers whether there may be more. */
export async function putPage(restoring: Restoring, isWriting: boolean): Promise<boolean> {
  const { walk, compared, changes } = restoring.position;
  const subject = PUT_ORDER[walk.subject];
  if (!subject) return false;
  const { db, tenant } = restoring;
  const page = await db.one(stagedPageStatement(tenant, subject.name, String(walk.after?.[0] ?? "")));
  const last = page.at(-1);
  if (!last) {
    restoring.go({ subject: walk.subject + 1, after: null });
    return true;
  }
  const columns = await restoring.columns();
  const live = await liveRows(restoring, subject, page, columns);
  const isArtifact = subject.tables[0]?.name === "artifacts";
  const missing = isArtifact ? await missingAmong(restoring, page, live.get("artifacts") ?? []) : [];
  const left = new Set(missing.map(({ id }) => id));
  const images = isArtifact ? page.filter(({ key: [id] }) => !left.has(String(id))) : page;
  const differences = differencesOf(subject, images, live, columns);
  const told = await withDifferences(restoring, changes, differences);
  restoring.position = {
    ...restoring.position,
    compared: compared + page.length,
    changes: { ...told, artifactsMissing: toldMore(told.artifactsMissing, missing) },
  };
  restoring.go({ after: [JSON.stringify(last.key)] });
  const isOther = differences.some(isDifferent);
  if (isWriting && isOther) {
    const statements = putBackStatements(tenant, subject, differences, restoring.deps.now());
    await restoring.write(statements, inventoriesIn(differences));
  }
  return true;
}
