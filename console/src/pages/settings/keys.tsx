import { TextOrFile } from "../../parts/text-or-file.tsx";
import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { Asked, SheetForm } from "../../parts/act.tsx";
import { Copy } from "../../parts/copy.tsx";
import { Empty } from "../../parts/empty.tsx";
import { TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { Settings } from "./frame.tsx";

type Key = components["schemas"]["TrustedKey"];

const BASE = "/api/management/v1/deployments/trusted-keys";
const KEY = "trusted-keys";

async function remove(id: string): Promise<void> {
  await api.DELETE(`${BASE}/{id}`, { params: { path: { id } } });
  refresh(KEY);
}

const columns = (isLast: boolean): readonly Column<Key>[] => [
  { title: "Name", cell: ({ name }) => plain(name) },
  { title: "Fingerprint", cell: ({ id }) => <code title={id}>{shortId(id)}</code> },
  { title: "Trusted", cell: ({ created }) => <When at={created} /> },
  {
    title: "",
    cell: ({ id, name, public_key: pem }) => (
      <span class="row">
        <Copy text={pem} what={`the public key ${plain(name)}`} />
        {may("settings:manage") && (
          <Asked label="Trust no more" title={`Trust ${plain(name)} no more`} isRisky run={() => remove(id)}>
            <p>
              {isLast
                ? "It is the last one: every artifact is taken then, signed or not. "
                : "New artifacts that it has signed are refused. "}
              Artifacts that are there stay.
            </p>
          </Asked>
        )}
      </span>
    ),
  },
];

function Trust({ isFirst, onClose }: { isFirst: boolean; onClose: () => void }) {
  const [name, setName] = useState("");
  const [pem, setPem] = useState("");
  const run = async () => {
    await api.POST(BASE, { body: { name, public_key: pem } });
    refresh(KEY);
  };
  return (
    <SheetForm title="Trust a key" action="Trust" run={run} onClose={onClose}>
      {isFirst && (
        <p>With the first one, artifacts that no trusted key has signed are refused from then on.</p>
      )}
      <TextField label="Name" value={name} set={setName} required />
      <TextOrFile
        label="Public key"
        hint="RSA or ECDSA, in PEM form; never the private one."
        value={pem}
        set={setPem}
        accept=".pem,.pub,.key"
        placeholder="-----BEGIN PUBLIC KEY-----"
      />
    </SheetForm>
  );
}

/** Whose signature artifacts have to carry. */
export function Keys() {
  const [isAdding, add] = useState(false);
  const keys = useResource(KEY, async (signal) => {
    const { data } = await api.GET(BASE, { signal });
    return data ?? [];
  });
  const Add = () => (
    <button type="button" class="button main" onClick={() => add(true)}>
      Trust a key
    </button>
  );
  return (
    <Settings at="/settings/keys" actions={may("settings:manage") && <Add />}>
      <Loaded of={keys} again={() => refresh(KEY)}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="Every artifact is taken, signed or not">
              <span>Trust a key, and only artifacts that carry its signature get in.</span>
            </Empty>
          ) : (
            <>
              <p class="quiet">A new artifact is taken if one of these keys has signed it.</p>
              <Table
                label="Trusted keys"
                rows={rows}
                columns={columns(rows.length === 1)}
                keyOf={({ id }) => id}
              />
            </>
          )
        }
      </Loaded>
      {isAdding && <Trust isFirst={keys.data?.length === 0} onClose={() => add(false)} />}
    </Settings>
  );
}
