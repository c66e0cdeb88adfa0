import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { State } from "../../parts/state.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { BASE, shapeTitle, standingOf, type Webhook } from "./webhook-words.ts";

const COLUMNS: readonly Column<Webhook>[] = [
  { title: "Webhook", cell: ({ id, name }) => <a href={`/integrations/${id}`}>{plain(name)}</a> },
  { title: "For", cell: ({ shape }) => shapeTitle(shape) },
  { title: "To", cell: ({ target }) => <span class="mono">{plain(target)}</span> },
  { title: "Told of", cell: ({ types }) => types.map(plain).join(", ") },
  {
    title: "State",
    cell: (row) => {
      const [tone, text] = standingOf(row);
      return <State tone={tone}>{text}</State>;
    },
  },
];

/** Who is told of anything that happens, each with what was delivered behind its name. */
export function Webhooks() {
  const webhooks = useResource("webhooks", async (signal) => {
    const { data } = await api.GET(BASE, { signal });
    return data ?? [];
  });
  return (
    <section class="stack">
      <h2>Webhooks</h2>
      <Loaded of={webhooks} again={() => refresh("webhooks")}>
        {(rows) =>
          rows.length === 0 ? (
            <p class="quiet">
              There is none. A program, a channel or somebody's mailbox is told of what happens to devices,
              deployments, alerts or users.
            </p>
          ) : (
            <Table label="Webhooks" rows={rows} columns={COLUMNS} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
    </section>
  );
}
