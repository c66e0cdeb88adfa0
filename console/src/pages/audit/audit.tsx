import { api } from "../../api/client.ts";
import { listed } from "../../api/listed.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { useQuery, type Query } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import type { Column } from "../../parts/table.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { useKeepZone, ZoneSwitch } from "../../parts/zone.tsx";
import { Log } from "../../parts/log.tsx";

type Entry = components["schemas"]["AuditLog"];

const PER_PAGE = 50;
const DAY_S = 86_400;
const SHORT = 80;

const OBJECTS = [
  ["", "anything"],
  ["artifact", "artifacts"],
  ["deployment", "deployments"],
  ["device", "devices"],
  ["user", "users"],
  ["tenant", "tenants"],
] as const;

function Change({ text }: { text: string }) {
  if (text === "") return null;
  if (text.length <= SHORT && !text.includes("\n")) return <span class="mono">{text}</span>;
  return (
    <details>
      <summary class="mono">{`${text.split("\n", 1)[0]?.slice(0, SHORT)} …`}</summary>
      <Log label="The change" text={text} />
    </details>
  );
}

function Only({ name, value, text }: { name: string; value: string; text: string }) {
  const keepZone = useKeepZone();
  return (
    <a href={keepZone(`/audit?${new URLSearchParams({ [name]: value })}`)} title={`Only of ${value}`}>
      {text}
    </a>
  );
}

const COLUMNS: readonly Column<Entry>[] = [
  { title: "Time", cell: ({ time }) => <When at={time} /> },
  {
    title: "Who",
    cell: ({ actor }) =>
      actor.email ? <Only name="actor" value={actor.email} text={plain(actor.email)} /> : plain(actor.type),
  },
  { title: "Did", cell: ({ action }) => action.replaceAll("_", " ") },
  {
    title: "To",
    cell: ({ object }) => (
      <span>
        {plain(object.type)}{" "}
        {object.id && <Only name="object" value={object.id} text={plain(shortId(object.id))} />}
      </span>
    ),
  },
  { title: "Change", cell: ({ change }) => <Change text={plain(change ?? "")} /> },
];

const dayS = (day: string, isUtc: boolean): number =>
  new Date(`${day}T00:00${isUtc ? "Z" : ""}`).getTime() / 1000;

const filtersOf = ({ actor, object, type, from, to, tz }: Query) => ({
  ...(actor && { actor_email: actor }),
  ...(object && { object_id: object }),
  ...(type && { object_type: type }),
  ...(from && { created_after: dayS(from, tz === "utc") }),
  ...(to && { created_before: dayS(to, tz === "utc") + DAY_S }),
});

const exportPath = (query: Query): string => {
  const entries = Object.entries(filtersOf(query)).map(([name, value]) => [name, String(value)]);
  return `/api/management/v1/auditlogs/logs/export?${new URLSearchParams(entries).toString()}`;
};

function Filters({ query, set }: { query: Query; set: ReturnType<typeof useQuery>[1] }) {
  const change = (name: string, how: "push" | "replace") => (value: string) =>
    set({ [name]: value, page: undefined }, how);
  const type = OBJECTS.find(([key]) => key === query.type)?.[0] ?? "";
  return (
    <div class="filters">
      <TextField
        type="search"
        label="Who"
        placeholder="e-mail address"
        value={query.actor ?? ""}
        set={change("actor", "replace")}
      />
      <SelectField label="To" value={type} set={change("type", "push")} options={OBJECTS} />
      <TextField
        type="search"
        label="Id of it"
        value={query.object ?? ""}
        set={change("object", "replace")}
      />
      <TextField type="date" label="From" value={query.from ?? ""} set={change("from", "push")} />
      <TextField type="date" label="To the end of" value={query.to ?? ""} set={change("to", "push")} />
    </div>
  );
}

/** Who did what, newest first. */
export function Audit() {
  const [query, setQuery] = useQuery();
  const keepZone = useKeepZone();
  const page = Number(query.page ?? "1");
  const logs = useResource(`audit?${new URLSearchParams(query).toString()}`, async (signal) =>
    listed(
      await api.GET("/api/management/v1/auditlogs/logs", {
        params: { query: { page, per_page: PER_PAGE, sort: "desc", ...filtersOf(query) } },
        signal,
      }),
    ),
  );
  return (
    <Page
      title="Audit log"
      actions={
        <>
          <ZoneSwitch />
          <a class="button" href={exportPath(query)} download>
            Export these as CSV
          </a>
        </>
      }
    >
      <Filters query={query} set={setQuery} />
      <Loaded of={logs} again={() => refresh("audit")}>
        {({ rows, total }) =>
          rows.length > 0 ? (
            <Paged
              label="Audit log"
              list={{ rows, total }}
              perPage={PER_PAGE}
              columns={COLUMNS}
              keyOf={({ time, action, object }) => `${time} ${action} ${object.id}`}
            />
          ) : Object.keys(filtersOf(query)).length > 0 ? (
            <Empty title="Nothing of the kind was done">
              <a class="button" href={keepZone("/audit")}>
                Clear filter
              </a>
            </Empty>
          ) : (
            <Empty title="Nothing was done yet" />
          )
        }
      </Loaded>
    </Page>
  );
}
