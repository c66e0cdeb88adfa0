import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { Asked, SheetForm } from "../../parts/act.tsx";
import { Empty } from "../../parts/empty.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Once } from "../../parts/shown-once.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { Settings } from "./frame.tsx";

type Token = components["schemas"]["PersonalAccessToken"];

const BASE = "/api/management/v1/useradm/settings/tokens";
const DAY_S = 86_400;
const LIVES = [
  ["7", "in a week"],
  ["30", "in 30 days"],
  ["365", "in a year"],
] as const;
type Life = (typeof LIVES)[number][0];

const revoke = async (id: string): Promise<void> => {
  await api.DELETE(`${BASE}/{id}`, { params: { path: { id } } });
  refresh("tokens");
};

const COLUMNS: readonly Column<Token>[] = [
  { title: "Name", cell: ({ name }) => plain(name) },
  {
    title: "May",
    cell: ({ permission_sets_with_scope: sets }) =>
      sets && sets.length > 0 ? sets.map(({ name }) => plain(name)).join(", ") : "what you may",
  },
  { title: "Made", cell: ({ created_ts: at }) => <When at={at} /> },
  { title: "Last used", cell: ({ last_used: at }) => <When at={at} /> },
  { title: "Ends", cell: ({ expiration_date: at }) => <When at={at} /> },
  {
    title: "",
    cell: ({ id, name }) => (
      <Asked label="Revoke" title={`Revoke ${plain(name)}`} isRisky run={() => revoke(id)}>
        <p>Whatever uses it is refused from now on. It cannot be brought back.</p>
      </Asked>
    ),
  },
];

function New({ onMade, onClose }: { onMade: (value: string) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [life, setLife] = useState<Life>("30");
  const run = async () => {
    const { data } = await api.POST(BASE, {
      body: { name, expires_in: Number(life) * DAY_S },
      parseAs: "text",
    });
    refresh("tokens");
    onMade(data ?? "");
  };
  return (
    <SheetForm title="New access token" action="Create" run={run} onClose={onClose}>
      <p>It may what you may, without a password. It is for programs, and made for one of them.</p>
      <TextField label="Name" value={name} set={setName} required />
      <SelectField<Life> label="Ends" value={life} set={setLife} options={LIVES} />
    </SheetForm>
  );
}

/** Tokens for programs. */
export function Tokens() {
  const [isMaking, make] = useState(false);
  const [value, show] = useState<string>();
  const tokens = useResource("tokens", async (signal) => {
    const { data } = await api.GET(BASE, { signal });
    return data ?? [];
  });
  const NewButton = () => (
    <button type="button" class="button main" onClick={() => make(true)}>
      New token
    </button>
  );
  return (
    <Settings at="/settings/tokens" actions={<NewButton />}>
      <Loaded of={tokens} again={() => refresh("tokens")}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="You have no access token">
              <span>Programs use one instead of your password.</span>
              <NewButton />
            </Empty>
          ) : (
            <Table label="Access tokens" rows={rows} columns={COLUMNS} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
      {isMaking && <New onMade={show} onClose={() => make(false)} />}
      {value !== undefined && <Once title="The token" value={value} onClose={() => show(undefined)} />}
    </Settings>
  );
}
