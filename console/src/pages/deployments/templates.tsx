import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { listed } from "../../api/listed.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { Act, SheetForm } from "../../parts/act.tsx";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import type { Column } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { goTo } from "./controls.tsx";
import { howText, releaseOf, whomText, type Template } from "./template.ts";

type NewTemplate = components["schemas"]["NewDeploymentTemplate"];

const BASE = "/api/management/v1/deployments/rollouts/templates";
const PER_PAGE = 50;

async function remove(id: string): Promise<void> {
  await api.DELETE(`${BASE}/{id}`, { params: { path: { id } } });
  refresh("templates");
}

async function write({ name, body }: Template): Promise<void> {
  // It is what was taken before.
  await api.POST(BASE, { body: { name, body: body as NewTemplate["body"] } });
  refresh("templates");
}

const AS_IT_SAYS = "";
const EVERYBODY = "all";
const GROUP = "group:";

const whomBody = (whom: string) =>
  whom === EVERYBODY
    ? { all_devices: true }
    : whom.startsWith(GROUP)
      ? { group: whom.slice(GROUP.length) }
      : {};

/** What a template leaves open, and what this once is to be otherwise. */
function Use({ template, onClose }: { template: Template; onClose: () => void }) {
  const { route } = useLocation();
  const [release, setRelease] = useState(releaseOf(template));
  const [name, setName] = useState("");
  const said = whomText(template);
  const [whom, setWhom] = useState(said === undefined ? EVERYBODY : AS_IT_SAYS);
  const groups = useResource("groups", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/inventory/groups", { signal })),
  );
  const run = async () => {
    const { response } = await api.POST(`${BASE}/{id}/deploy`, {
      params: { path: { id: template.id } },
      body: { name: name || release, artifact_name: release, ...whomBody(whom) },
    });
    goTo(response, route);
  };
  return (
    <SheetForm
      title={`Deploy by ${plain(template.name)}`}
      action="Create the deployment"
      run={run}
      onClose={onClose}
    >
      <p>It goes as the template says: {howText(template)}.</p>
      <TextField label="Release" value={release} set={setRelease} required />
      <TextField
        label="Name of the deployment"
        placeholder={release || "that of the release"}
        value={name}
        set={setName}
      />
      <SelectField
        label="To"
        value={whom}
        set={setWhom}
        options={[
          ...(said === undefined ? [] : [[AS_IT_SAYS, plain(said)] as const]),
          [EVERYBODY, "all accepted devices"],
          ...(groups.data ?? []).map((group) => [GROUP + group, `the group ${plain(group)}`] as const),
        ]}
      />
    </SheetForm>
  );
}

const columns = (use: (template: Template) => void): readonly Column<Template>[] => [
  { title: "Name", cell: ({ name }) => plain(name) },
  { title: "Release", cell: (template) => plain(releaseOf(template)) },
  { title: "To", cell: (template) => plain(whomText(template) ?? "said when it is used") },
  { title: "How", cell: howText },
  { title: "Changed", cell: ({ updated }) => <When at={updated} /> },
  {
    title: "",
    cell: (template) =>
      may("deployments:manage") && (
        <span class="row">
          <button type="button" class="button" onClick={() => use(template)}>
            Use
          </button>
          <Act
            label="Remove"
            isRisky
            done={`${plain(template.name)} is gone. Deployments that were made by it stay as they are.`}
            run={() => remove(template.id)}
            undo={() => write(template)}
          />
        </span>
      ),
  },
];

/** Deployments to be made again, with another release or for others. */
export function Templates() {
  const [query] = useQuery();
  const [used, use] = useState<Template>();
  const page = Number(query.page ?? "1");
  const templates = useResource(`templates?${page}`, async (signal) =>
    listed(await api.GET(BASE, { params: { query: { page, per_page: PER_PAGE } }, signal })),
  );
  return (
    <Page
      title="Templates"
      actions={
        <a class="button" href="/deployments">
          Deployments
        </a>
      }
    >
      <Loaded of={templates} again={() => refresh("templates")}>
        {({ rows, total }) =>
          rows.length === 0 ? (
            <Empty title="There is no template yet">
              <span>Keep a deployment as a template on its page, and make the next one in two fields.</span>
            </Empty>
          ) : (
            <Paged
              label="Templates"
              list={{ rows, total }}
              perPage={PER_PAGE}
              columns={columns(use)}
              keyOf={({ id }) => id}
            />
          )
        }
      </Loaded>
      {used && <Use template={used} onClose={() => use(undefined)} />}
    </Page>
  );
}
