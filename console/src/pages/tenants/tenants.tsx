import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { listed } from "../../api/listed.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { SheetForm } from "../../parts/act.tsx";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Paged } from "../../parts/paged.tsx";
import { State } from "../../parts/state.tsx";
import type { Column } from "../../parts/table.tsx";
import { count, plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";

type Tenant = components["schemas"]["Tenant"];

const BASE = "/api/management/v2/tenantadm/tenants";
const PER_PAGE = 50;

const COLUMNS: readonly Column<Tenant>[] = [
  { title: "Name", cell: ({ name }) => plain(name) },
  { title: "Id", cell: ({ id }) => <code title={id}>{shortId(id)}</code> },
  {
    title: "State",
    cell: ({ status }) => <State tone={status === "active" ? "good" : "warn"}>{status}</State>,
  },
  { title: "Plan", cell: ({ plan, trial }) => (trial ? `${plain(plan)}, trial` : plain(plan)) },
  {
    title: "Devices",
    isNumber: true,
    cell: ({ device_count: number, device_limit: limit }) =>
      limit > 0 ? `${count(number)} of ${count(limit)}` : count(number),
  },
  { title: "Made", cell: ({ created_at: at }) => <When at={at} /> },
];

function NewTenant({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [limit, setLimit] = useState("");
  const run = async () => {
    await api.POST(BASE, {
      body: {
        name,
        admin: { email, send_reset_password: true },
        ...(limit && { device_limit: Number(limit) }),
      },
    });
    refresh("tenants");
  };
  return (
    <SheetForm title="New tenant" action="Create" run={run} onClose={onClose}>
      <TextField label="Name" value={name} set={setName} required />
      <TextField
        type="email"
        label="E-mail of its first user"
        hint="Gets a mail with a link to set a password."
        value={email}
        set={setEmail}
        required
      />
      <TextField type="number" min={1} label="Devices at most" value={limit} set={setLimit} />
    </SheetForm>
  );
}

/** The tenants below a service provider's own. */
export function Tenants() {
  const [query] = useQuery();
  const [isMaking, make] = useState(false);
  const page = Number(query.page ?? "1");
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
              columns={COLUMNS}
              keyOf={({ id }) => id}
            />
          )
        }
      </Loaded>
      {isMaking && <NewTenant onClose={() => make(false)} />}
    </Page>
  );
}
