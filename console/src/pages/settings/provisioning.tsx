import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { Asked, SheetForm } from "../../parts/act.tsx";
import { Copy } from "../../parts/copy.tsx";
import { Empty } from "../../parts/empty.tsx";
import { TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Once } from "../../parts/shown-once.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { Settings } from "./frame.tsx";

type Token = components["schemas"]["ScimToken"];

const BASE = "/api/management/v1/useradm/settings/scim/tokens";
const KEY = "scim";

async function revoke(id: string): Promise<void> {
  await api.DELETE(`${BASE}/{id}`, { params: { path: { id } } });
  refresh(KEY);
}

const COLUMNS: readonly Column<Token>[] = [
  { title: "Name", cell: ({ name }) => plain(name) },
  { title: "Made", cell: ({ created_ts: at }) => <When at={at} /> },
  { title: "Last used", cell: ({ last_used: at }) => <When at={at} /> },
  {
    title: "",
    cell: ({ id, name }) => (
      <Asked label="Revoke" title={`Revoke ${plain(name)}`} isRisky run={() => revoke(id)}>
        <p>The directory changes nothing here any more. Users that it made stay as they are.</p>
      </Asked>
    ),
  },
];

function New({ onMade, onClose }: { onMade: (token: string) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const run = async () => {
    const { token } = bodyOf(await api.POST(BASE, { body: { name } }));
    refresh(KEY);
    onMade(token);
  };
  return (
    <SheetForm title="New token for a directory" action="Create" run={run} onClose={onClose}>
      <p>With it a directory makes, suspends and removes users here, and says which roles they have.</p>
      <TextField label="Name" placeholder="of the directory" value={name} set={setName} required />
    </SheetForm>
  );
}

/** Users kept by a directory, by SCIM. */
export function Provisioning() {
  const [isMaking, make] = useState(false);
  const [token, show] = useState<string>();
  const tokens = useResource(KEY, async (signal) => {
    const { data } = await api.GET(BASE, { signal });
    return data ?? [];
  });
  const address = `${location.origin}/api/management/v1/useradm/scim/v2`;
  const NewButton = () => (
    <button type="button" class="button main" onClick={() => make(true)}>
      New token
    </button>
  );
  return (
    <Settings at="/settings/provisioning" actions={<NewButton />}>
      <p class="row">
        <span>A directory keeps users and roles at</span> <code class="wraps">{address}</code>
        <Copy text={address} what="the address" />
      </p>
      <Loaded of={tokens} again={() => refresh(KEY)}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="No directory keeps your users">
              <span>
                With a token one does by SCIM 2.0: who leaves the company loses access here at once.
              </span>
            </Empty>
          ) : (
            <Table label="Tokens of directories" rows={rows} columns={COLUMNS} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
      {isMaking && <New onMade={show} onClose={() => make(false)} />}
      {token !== undefined && <Once title="The token" value={token} onClose={() => show(undefined)} />}
    </Settings>
  );
}
