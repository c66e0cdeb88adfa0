import { api } from "../../api/client.ts";
import { listed } from "../../api/listed.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import type { Column } from "../../parts/table.tsx";
import { bytes, plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { AdoptionBar, useAdoptions, type Adoptions } from "./adoption-bar.tsx";
import { releasePath } from "./release-path.ts";

type Release = components["schemas"]["Release"];

const PER_PAGE = 50;
const SORTS = [
  ["modified:desc", "newest first"],
  ["modified:asc", "oldest first"],
  ["name:asc", "by name"],
  ["artifacts_count:desc", "most artifacts first"],
] as const;
type Sort = (typeof SORTS)[number][0];

const unique = (texts: readonly string[]): string => [...new Set(texts)].map(plain).join(", ");

const columns = (adoptions: Adoptions): readonly Column<Release>[] => [
  { title: "Name", cell: ({ name }) => <a href={releasePath(name)}>{plain(name)}</a> },
  {
    title: "Tags",
    cell: ({ tags }) => (
      <span class="row">
        {tags.map((tag) => (
          <a key={tag} class="chip" href={`/releases?tag=${encodeURIComponent(tag)}`}>
            {plain(tag)}
          </a>
        ))}
      </span>
    ),
  },
  {
    title: "Device types",
    cell: ({ artifacts }) => unique(artifacts.flatMap((one) => one.device_types_compatible)),
  },
  {
    title: "Updates",
    cell: ({ artifacts }) =>
      unique(artifacts.flatMap(({ updates }) => updates.map(({ type_info }) => type_info.type ?? "none"))),
  },
  ...(may("deployments:read")
    ? [{ title: "Adoption", cell: ({ name }: Release) => <AdoptionBar of={adoptions.get(name)} /> }]
    : []),
  { title: "Artifacts", isNumber: true, cell: ({ artifacts_count }) => artifacts_count },
  {
    title: "Size",
    isNumber: true,
    cell: ({ artifacts }) => bytes(artifacts.reduce((sum, { size }) => sum + size, 0)),
  },
  { title: "Modified", cell: ({ modified }) => <When at={modified} /> },
];

const Upload = () => (
  <a class="button main" href="/releases/upload">
    <Icon name="upload" />
    Upload
  </a>
);

/** Everything that can be deployed. */
export function Releases() {
  const [query, setQuery] = useQuery();
  const { name, tag, page: at = "1" } = query;
  const sort = SORTS.find(([key]) => key === query.sort)?.[0] ?? "modified:desc";
  const page = Number(at);
  const isFiltered = name !== undefined || tag !== undefined;
  const releases = useResource(`releases?${new URLSearchParams(query).toString()}`, async (signal) =>
    listed(
      await api.GET("/api/management/v2/deployments/deployments/releases", {
        params: {
          query: { page, per_page: PER_PAGE, sort, ...(name && { name }), ...(tag && { tag: [tag] }) },
        },
        signal,
      }),
    ),
  );
  const adoptions = useAdoptions(releases.data?.rows.map((row) => row.name));
  return (
    <Page title="Releases" actions={may("artifacts:upload") && <Upload />}>
      <div class="filters">
        <TextField
          type="search"
          label="Name"
          placeholder="begins with"
          value={name ?? ""}
          set={(text) => setQuery({ name: text, page: undefined }, "replace")}
        />
        <SelectField<Sort>
          label="Order"
          value={sort}
          set={(value) => setQuery({ sort: value, page: undefined })}
          options={SORTS}
        />
        {tag !== undefined && (
          <button type="button" class="button" onClick={() => setQuery({ tag: undefined })}>
            <Icon name="cross" title="Without the tag" />
            {plain(tag)}
          </button>
        )}
      </div>
      <Loaded of={releases} again={() => refresh("releases")}>
        {({ rows, total }) =>
          rows.length > 0 ? (
            <Paged
              label="Releases"
              list={{ rows, total }}
              perPage={PER_PAGE}
              columns={columns(adoptions)}
              keyOf={(row) => row.name}
            />
          ) : isFiltered ? (
            <Empty title="No release is like this">
              <a class="button" href="/releases">
                Clear filter
              </a>
            </Empty>
          ) : (
            <Empty title="There is no release yet">
              <span>A release is what artifacts of one name make together: it is what you deploy.</span>
              {may("artifacts:upload") && <Upload />}
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
