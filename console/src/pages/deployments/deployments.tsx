import { api } from "../../api/client.ts";
import { listed } from "../../api/listed.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { has, may } from "../../api/session.ts";
import { useQuery } from "../../parts/address.ts";
import { Bar } from "../../parts/bar.tsx";
import { Empty } from "../../parts/empty.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import { State } from "../../parts/state.tsx";
import type { Column } from "../../parts/table.tsx";
import { count, plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { releasePath } from "../releases/release-path.ts";
import { countsOf, deploymentPath, sharesOf, standing, type Deployment } from "./model.ts";

const PER_PAGE = 50;
const STATES = [
  ["", "all"],
  ["scheduled", "scheduled"],
  ["pending", "pending"],
  ["inprogress", "in progress"],
  ["finished", "finished"],
] as const;
const TYPES = [
  ["software", "software"],
  ["configuration", "configuration"],
] as const;

function StateCell({ row }: { row: Deployment }) {
  const [tone, word] = standing(row);
  return <State tone={tone}>{word}</State>;
}

const failed = (row: Deployment) => {
  const { failed: number } = countsOf(row);
  return number === 0 ? (
    "0"
  ) : (
    <a href={`${deploymentPath(row.id)}/devices?status=failure`}>{count(number)}</a>
  );
};

const COLUMNS: readonly Column<Deployment>[] = [
  { title: "State", cell: (row) => <StateCell row={row} /> },
  { title: "Name", cell: ({ id, name }) => <a href={deploymentPath(id)}>{plain(name)}</a> },
  {
    title: "Release",
    cell: ({ artifact_name: name, type }) =>
      type === "software" ? <a href={releasePath(name)}>{plain(name)}</a> : "configuration",
  },
  {
    title: "Progress",
    cell: (row) => <Bar label="Progress" of={countsOf(row).all} shares={sharesOf(countsOf(row))} />,
  },
  {
    title: "Devices",
    isNumber: true,
    cell: (row) => <a href={`${deploymentPath(row.id)}/devices`}>{count(countsOf(row).all)}</a>,
  },
  { title: "Failed", isNumber: true, cell: failed },
  { title: "Created", cell: ({ created }) => <When at={created} /> },
  { title: "Finished", cell: ({ finished }) => <When at={finished} never="not yet" /> },
];

const New = () => (
  <a class="button main" href="/deployments/new">
    <Icon name="deployments" />
    New deployment
  </a>
);

/** What goes to whom, newest first. */
export function Deployments() {
  const [query, setQuery] = useQuery();
  const { q = "", type = "software", page: at = "1" } = query;
  const state = STATES.find(([key]) => key === query.state)?.[0] ?? "";
  const page = Number(at);
  const deployments = useResource(`deployments?${new URLSearchParams(query).toString()}`, async (signal) =>
    listed(
      await api.GET("/api/management/v2/deployments/deployments", {
        params: {
          query: {
            page,
            per_page: PER_PAGE,
            type,
            sort: "desc",
            ...(state && { status: state }),
            ...(q && { name: q }),
          },
        },
        signal,
      }),
    ),
  );
  return (
    <Page
      title="Deployments"
      actions={
        <>
          {has("deployments_v2") && (
            <a class="button" href="/deployments/templates">
              Templates
            </a>
          )}
          {may("deployments:manage") && <New />}
        </>
      }
    >
      <div class="filters">
        <SelectField
          label="State"
          value={state}
          set={(value) => setQuery({ state: value, page: undefined })}
          options={STATES}
        />
        <TextField
          type="search"
          label="Name"
          value={q}
          set={(value) => setQuery({ q: value, page: undefined }, "replace")}
        />
        <SelectField
          label="Of"
          value={type === "configuration" ? type : "software"}
          set={(value) => setQuery({ type: value === "software" ? undefined : value, page: undefined })}
          options={TYPES}
        />
      </div>
      <Loaded of={deployments} again={() => refresh("deployments")}>
        {({ rows, total }) =>
          rows.length > 0 ? (
            <Paged
              label="Deployments"
              list={{ rows, total }}
              perPage={PER_PAGE}
              columns={COLUMNS}
              keyOf={(row) => row.id}
            />
          ) : q || state || type !== "software" ? (
            <Empty title="No deployment is like this">
              <a class="button" href="/deployments">
                Clear filter
              </a>
            </Empty>
          ) : (
            <Empty title="There is no deployment yet">
              <span>A deployment brings a release to devices, at once or step by step.</span>
              {may("deployments:manage") && <New />}
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
