import { boot, enter } from "../../api/session.ts";
import { Act } from "../../parts/act.tsx";
import { State } from "../../parts/state.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain, shortId } from "../../parts/text.ts";

interface Tenant {
  id: string;
  name: string;
}

const COLUMNS: readonly Column<Tenant>[] = [
  { title: "Tenant", cell: ({ name }) => plain(name) },
  { title: "Id", cell: ({ id }) => <code title={id}>{shortId(id)}</code> },
  {
    title: "",
    cell: ({ id }) =>
      id === boot.value?.user.tenant ? (
        <State tone="good">this one</State>
      ) : (
        <Act label="Enter" run={() => enter(id)} />
      ),
  },
];

/** Where somebody works besides at home; nothing for who works in one tenant. */
export const Memberships = ({ tenants }: { tenants: readonly Tenant[] }) =>
  tenants.length < 2 ? null : (
    <section class="stack">
      <h2>Tenants you work in</h2>
      <Table label="Tenants" rows={tenants} columns={COLUMNS} keyOf={({ id }) => id} />
    </section>
  );
