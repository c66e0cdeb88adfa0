import { Older } from "../../parts/older.tsx";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { useQuery } from "../../parts/address.ts";
import { Act } from "../../parts/act.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Log } from "../../parts/log.tsx";
import { State } from "../../parts/state.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { counted, plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { BASE, outcomeOf } from "./webhook-words.ts";

type Delivery = components["schemas"]["WebhookDelivery"];

const keyOf = (id: string) => `webhook/${id}/deliveries`;

async function sendAgain(id: string, sequence: string): Promise<void> {
  await api.POST(`${BASE}/{id}/deliveries/{sequence}/again`, { params: { path: { id, sequence } } });
  refresh(keyOf(id));
}

const columns = (id: string): readonly Column<Delivery>[] => [
  { title: "Time", cell: ({ time }) => <When at={time} /> },
  { title: "What", cell: ({ event }) => plain(event.type) },
  {
    title: "Delivery",
    cell: (row) => (
      <span>
        <State tone={row.success ? "good" : "bad"}>{outcomeOf(row)}</State>
        {row.attempts > 1 && <span class="quiet"> after {counted(row.attempts, "attempt")}</span>}
      </span>
    ),
  },
  {
    title: "Body",
    cell: ({ event, answer }) => (
      <details>
        <summary>show</summary>
        <Log label="What was sent" text={plain(JSON.stringify(event, null, 2))} />
        {answer && <Log label="What was answered" text={plain(answer)} />}
      </details>
    ),
  },
  {
    title: "",
    cell: ({ event }) => (
      <Act label="Send again" done="It is sent again." run={() => sendAgain(id, event.sequence)} />
    ),
  },
];

/** What a webhook was told, the newest first. */
export function Deliveries({ id }: { id: string }) {
  const [{ cursor, failed }, setQuery] = useQuery();
  const found = useResource(`${keyOf(id)}?${cursor ?? ""}&${failed ?? ""}`, async (signal) =>
    bodyOf(
      await api.GET(`${BASE}/{id}/deliveries`, {
        params: { path: { id }, query: { ...(cursor && { cursor }), ...(failed && { failed: "true" }) } },
        signal,
      }),
    ),
  );
  return (
    <section class="stack">
      <div class="row apart">
        <h2>Deliveries</h2>
        <label class="check">
          <input
            type="checkbox"
            checked={failed === "true"}
            onChange={({ currentTarget }) =>
              setQuery({ failed: currentTarget.checked ? "true" : undefined, cursor: undefined })
            }
          />
          <span>Failed only</span>
        </label>
      </div>
      <Loaded of={found} again={() => refresh(keyOf(id))}>
        {({ deliveries: rows, cursor: next, more }) => (
          <>
            {rows.length > 0 ? (
              <Table label="Deliveries" rows={rows} columns={columns(id)} keyOf={(row) => row.event.id} />
            ) : (
              <Empty title={failed || cursor ? "No delivery is like this" : "Nothing was delivered yet"} />
            )}
            <Older cursor={cursor} next={more ? next : undefined} go={(to) => setQuery({ cursor: to })} />
          </>
        )}
      </Loaded>
    </section>
  );
}
