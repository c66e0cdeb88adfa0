import { useState } from "preact/hooks";
import { may } from "../../api/session.ts";
import { useQuery } from "../../parts/address.ts";
import { type Attribute, valueText } from "../../parts/device.ts";
import { Empty } from "../../parts/empty.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { print } from "../../query/parse.ts";
import { wordFor } from "../../query/words.ts";
import type { ConsoleDevice } from "./read.ts";
import { EditTags } from "./tags.tsx";

/** The devices that have this value too. */
function alike({ scope, name, value }: Attribute): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const isQuoted = typeof value === "string" && value !== plain(value);
  if (isQuoted || scope === "system") return undefined;
  const values = [{ text: String(value), isQuoted: false }];
  const q = print({ kind: "condition", name: wordFor(scope, name), operator: "=", values, isNegated: false });
  return `/devices?${new URLSearchParams({ q })}`;
}

const COLUMNS: readonly Column<Attribute>[] = [
  { title: "Scope", cell: ({ scope }) => scope },
  { title: "Name", cell: ({ name }) => plain(name) },
  { title: "Value", cell: ({ value }) => <span class="mono">{valueText(value)}</span> },
  {
    title: "Alike",
    cell: (attribute) => {
      const href = alike(attribute);
      return href && <a href={href}>devices with this</a>;
    },
  },
];

export function Inventory({ id, of }: { id: string; of: ConsoleDevice }) {
  const [isEditing, edit] = useState(false);
  const [{ find = "" }, set] = useQuery();
  const wanted = find.toLowerCase();
  const rows = of.attributes.filter(
    ({ name, value }) =>
      name.toLowerCase().includes(wanted) || valueText(value).toLowerCase().includes(wanted),
  );
  return (
    <>
      <div class="row apart">
        <input
          class="input narrow"
          type="search"
          aria-label="Find in the inventory"
          placeholder="Find"
          value={find}
          onInput={({ currentTarget }) => set({ find: currentTarget.value }, "replace")}
        />
        <span class="row">
          <span class="quiet">
            changed <When at={of.inventory_updated_ts} />
          </span>
          {may("devices:manage") && (
            <button type="button" class="button" onClick={() => edit(true)}>
              Edit tags
            </button>
          )}
        </span>
      </div>
      {isEditing && <EditTags id={id} onClose={() => edit(false)} />}
      {rows.length === 0 ? (
        <Empty title={find ? "Nothing in it matches" : "It has reported nothing yet"} />
      ) : (
        <Table
          label="Inventory"
          rows={rows}
          columns={COLUMNS}
          keyOf={({ scope, name }) => `${scope}-${name}`}
        />
      )}
    </>
  );
}
