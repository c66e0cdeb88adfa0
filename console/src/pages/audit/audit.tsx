import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { paths } from "../../api/schema.d.ts";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Pager } from "../../parts/pager.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";

type Logs = paths["/api/management/v1/auditlogs/logs"]["get"];
type Entry = Logs["responses"][200]["content"]["application/json"][number];

const PER_PAGE = 50;

const objectOf = ({ object }: Entry): string => plain(`${object.type} ${shortId(object.id ?? "")}`);

const COLUMNS: readonly Column<Entry>[] = [
  { title: "Time", cell: ({ time }) => <When at={time} /> },
  { title: "Who", cell: ({ actor }) => plain(actor.email ?? actor.type) },
  { title: "Did", cell: ({ action }) => action },
  { title: "To", cell: objectOf },
  { title: "Change", cell: ({ change }) => <span class="mono">{plain(change ?? "")}</span> },
];

/** Who did what, newest first. */
export function Audit() {
  const [query, setQuery] = useQuery();
  const page = Number(query.page ?? "1");
  const key = `audit?${new URLSearchParams(query).toString()}`;
  const logs = useResource(key, async (signal) => {
    const { data, response } = await api.GET("/api/management/v1/auditlogs/logs", {
      params: { query: { page, per_page: PER_PAGE, sort: "desc" } },
      signal,
    });
    return { rows: data ?? [], total: Number(response.headers.get("x-total-count") ?? Number.NaN) };
  });
  return (
    <Page
      title="Audit log"
      actions={
        <a class="button" href="/api/management/v1/auditlogs/logs/export" download>
          Export as CSV
        </a>
      }
    >
      <Loaded of={logs} again={() => refresh("audit")}>
        {({ rows, total }) =>
          rows.length === 0 ? (
            <Empty title="Nothing was done yet" />
          ) : (
            <>
              <Table label="Audit log" rows={rows} columns={COLUMNS} keyOf={(row) => row.time + row.action} />
              <Pager
                page={page}
                perPage={PER_PAGE}
                shown={rows.length}
                total={Number.isNaN(total) ? undefined : total}
                go={(to) => setQuery({ page: to === 1 ? undefined : String(to) })}
              />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
