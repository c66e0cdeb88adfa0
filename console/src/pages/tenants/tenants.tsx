import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { listed } from "../../api/listed.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { enter, may } from "../../api/session.ts";
import { Act, Asked } from "../../parts/act.tsx";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import { State } from "../../parts/state.tsx";
import type { Column } from "../../parts/table.tsx";
import { count, plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { BASE, CancelTenant, ChangeTenant, NewTenant, type Tenant } from "./forms.tsx";

const PER_PAGE = 50;

const used = ({ device_count: number, device_limit: limit }: Tenant) =>
  limit > 0 ? (
    <span class="row">
      {count(number)} of {count(limit)}
      <meter
        min={0}
        max={limit}
        high={limit * 0.9}
        optimum={0}
        value={number}
        aria-label={`${count(number)} of ${count(limit)} devices`}
      />
    </span>
  ) : (
    count(number)
  );

async function remove(id: string): Promise<void> {
  await api.DELETE(`${BASE}/{id}`, { params: { path: { id } } });
  refresh("tenants");
}

interface Open {
  form: "change" | "cancel";
  tenant: Tenant;
}

const columns = (mine: ReadonlySet<string>, open: (what: Open) => void): readonly Column<Tenant>[] => [
  { title: "Name", cell: ({ name }) => plain(name) },
  { title: "Id", cell: ({ id }) => <code title={id}>{shortId(id)}</code> },
  {
    title: "State",
    cell: ({ status, suspend_at: at }) => (
      <>
        <State tone={status === "active" ? "good" : "warn"}>{status}</State>
        {at && (
          <span class="quiet">
            {" "}
            until <When at={at} />
          </span>
        )}
      </>
    ),
  },
  { title: "Plan", cell: ({ plan, trial }) => (trial ? `${plain(plan)}, trial` : plain(plan)) },
  { title: "Devices", isNumber: true, cell: used },
  { title: "Made", cell: ({ created_at: at }) => <When at={at} /> },
  {
    title: "",
    cell: (tenant) => (
      <span class="row">
        {mine.has(tenant.id) && tenant.status === "active" && (
          <Act label="Enter" run={() => enter(tenant.id)} />
        )}
        {may("tenants:manage") && tenant.status === "active" && (
          <>
            <button type="button" class="button" onClick={() => open({ form: "change", tenant })}>
              Change
            </button>
            <button type="button" class="button risky" onClick={() => open({ form: "cancel", tenant })}>
              Cancel
            </button>
          </>
        )}
        {may("tenants:manage") && tenant.status === "suspended" && (
          <Asked label="Remove" title={`Remove ${plain(tenant.name)}`} isRisky run={() => remove(tenant.id)}>
            <p>Its devices, artifacts, users and logs are gone for good. This cannot be undone.</p>
          </Asked>
        )}
      </span>
    ),
  },
];

/** The tenants below a service provider's own. */
export function Tenants() {
  const [query] = useQuery();
  const [isMaking, make] = useState(false);
  const [opened, open] = useState<Open>();
  const page = Number(query.page ?? "1");
  const me = useResource("me", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/useradm/users/me", { signal })),
  );
  const tenants = useResource(`tenants?${page}`, async (signal) =>
    listed(await api.GET(BASE, { params: { query: { page, per_page: PER_PAGE } }, signal })),
  );
  const New = () => (
    <button type="button" class="button main" onClick={() => make(true)}>
      New tenant
    </button>
  );
  return (
    <Page title="Tenants" actions={may("tenants:manage") && <New />}>
      <Loaded of={tenants} again={() => refresh("tenants")}>
        {({ rows, total }) =>
          rows.length === 0 ? (
            <Empty title="There is no tenant below yours yet">{may("tenants:manage") && <New />}</Empty>
          ) : (
            <Paged
              label="Tenants"
              list={{ rows, total }}
              perPage={PER_PAGE}
              columns={columns(new Set(me.data?.tenant_ids), open)}
              keyOf={({ id }) => id}
            />
          )
        }
      </Loaded>
      {isMaking && <NewTenant onClose={() => make(false)} />}
      {opened?.form === "change" && <ChangeTenant tenant={opened.tenant} onClose={() => open(undefined)} />}
      {opened?.form === "cancel" && <CancelTenant tenant={opened.tenant} onClose={() => open(undefined)} />}
    </Page>
  );
}
