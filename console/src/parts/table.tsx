import type { ComponentChildren } from "preact";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ComponentChildren;
  isNumber?: boolean;
  /** What the server sorts by, where it does. */
  sort?: string;
}

/** `name`, or `-name` for the greatest first. */
export interface Sorting {
  by: string;
  set: (by: string) => void;
}

/** Rows that are picked, by their keys. */
export interface Picking {
  picked: ReadonlySet<string>;
  pick: (keys: readonly string[], isPicked: boolean) => void;
  nameOf: (key: string) => string;
}

/** What is picked once these keys are, or are no more. */
export function pickedWith(
  before: ReadonlySet<string>,
  keys: readonly string[],
  isPicked: boolean,
): Set<string> {
  const next = new Set(before);
  for (const key of keys)
    if (isPicked) next.add(key);
    else next.delete(key);
  return next;
}

function Head<Row>({ column, sorting }: { column: Column<Row>; sorting: Sorting | undefined }) {
  const { title, isNumber, sort } = column;
  // Over buttons that say to eyes what they do.
  if (title === "")
    return (
      <th scope="col">
        <span class="hidden-text">Actions</span>
      </th>
    );
  const direction =
    sorting?.by === sort ? "ascending" : sorting?.by === `-${sort}` ? "descending" : undefined;
  return (
    <th
      scope="col"
      class={isNumber ? "number" : undefined}
      aria-sort={sort && direction ? direction : undefined}
    >
      {sort && sorting ? (
        <button
          type="button"
          class="button plain sort"
          onClick={() => sorting.set(direction === "ascending" ? `-${sort}` : sort)}
        >
          {title}
          <span aria-hidden="true">
            {direction === "ascending" ? "↑" : direction === "descending" ? "↓" : ""}
          </span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}

function Pick({ picking, keys, name }: { picking: Picking; keys: readonly string[]; name: string }) {
  const isPicked = keys.length > 0 && keys.every((key) => picking.picked.has(key));
  return (
    <label class="pick">
      <input
        type="checkbox"
        aria-label={`Select ${name}`}
        checked={isPicked}
        onChange={() => picking.pick(keys, !isPicked)}
      />
    </label>
  );
}

export interface TableProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  sorting?: Sorting;
  picking?: Picking;
}

/** Rows as the server gave them. `label` says what the table is of. */
export function Table<Row>({ label, rows, columns, keyOf, sorting, picking }: TableProps<Row>) {
  return (
    // A table that is wider than its place is moved sideways, by keys too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section class="sheet table-scroll" tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {picking && (
              <th scope="col" class="pick-cell">
                <Pick picking={picking} keys={rows.map(keyOf)} name="all on this page" />
              </th>
            )}
            {columns.map((column) => (
              <Head key={column.title} column={column} sorting={sorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {picking && (
                <td class="pick-cell">
                  <Pick picking={picking} keys={[keyOf(row)]} name={picking.nameOf(keyOf(row))} />
                </td>
              )}
              {columns.map(({ title, cell, isNumber }) => (
                <td key={title} class={isNumber ? "number" : undefined} data-title={title}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
