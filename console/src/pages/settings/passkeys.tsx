import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { addPasskey, hasPasskeys } from "../../api/passkey.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { boot } from "../../api/session.ts";
import { Act, Asked, SheetForm } from "../../parts/act.tsx";
import { Empty } from "../../parts/empty.tsx";
import { TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";

type Passkey = components["schemas"]["Passkey"];

const USERS = "/api/management/v1/useradm/users";
const KEY = "me/passkeys";

async function remove(passkey: string): Promise<void> {
  await api.DELETE(`${USERS}/{id}/passkeys/{passkey}`, { params: { path: { id: "me", passkey } } });
  refresh(KEY);
}

function Rename({ passkey, onClose }: { passkey: Passkey; onClose: () => void }) {
  const [name, setName] = useState(passkey.name);
  const run = async () => {
    await api.PUT(`${USERS}/me/passkeys/{passkey}`, {
      params: { path: { passkey: passkey.id } },
      body: { name },
    });
    refresh(KEY);
  };
  return (
    <SheetForm title="Name of the passkey" action="Keep the name" run={run} onClose={onClose}>
      <TextField label="Name" value={name} set={setName} required />
    </SheetForm>
  );
}

function Add({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const run = async () => {
    await addPasskey(name, password);
    refresh(KEY);
  };
  return (
    <SheetForm title="Add a passkey" action="Add" run={run} onClose={onClose}>
      <p>This device, a phone or a security key then signs you in without password and code.</p>
      <TextField
        label="Name"
        placeholder="where it is kept, such as: my phone"
        value={name}
        set={setName}
        required
      />
      <TextField
        type="password"
        label="Present password"
        hint="Left empty by who has none."
        autocomplete="current-password"
        value={password}
        set={setPassword}
      />
    </SheetForm>
  );
}

const columns = (rename: (passkey: Passkey) => void): readonly Column<Passkey>[] => [
  { title: "Name", cell: ({ name }) => plain(name) },
  { title: "Added", cell: ({ created_ts: at }) => <When at={at} /> },
  { title: "Last used", cell: ({ last_used: at }) => <When at={at} /> },
  {
    title: "",
    cell: (passkey) => (
      <span class="row">
        <button type="button" class="button" onClick={() => rename(passkey)}>
          Rename
        </button>
        <Asked label="Remove" title={`Remove ${plain(passkey.name)}`} isRisky run={() => remove(passkey.id)}>
          <p>It signs nobody in any more. Sessions that it began go on.</p>
        </Asked>
      </span>
    ),
  },
];

/** The server lets no passkey stand for an address that may be somebody else's. */
function Unverified() {
  const send = () =>
    api.POST("/api/management/v1/useradm/auth/verify-email/start", {
      body: { email: boot.value?.user.email ?? "" },
    });
  return (
    <p class="row">
      <span class="quiet">Your e-mail address has to be verified first.</span>
      <Act label="Send me the link" done="The link is in the mail" run={send} />
    </p>
  );
}

/** What signs one in without a password. */
export function Passkeys({ isVerified }: { isVerified: boolean | undefined }) {
  const [isAdding, add] = useState(false);
  const [renamed, rename] = useState<Passkey>();
  const passkeys = useResource(KEY, async (signal) => {
    const { data } = await api.GET(`${USERS}/{id}/passkeys`, { params: { path: { id: "me" } }, signal });
    return data ?? [];
  });
  return (
    <section class="stack">
      <div class="row apart">
        <h2>Passkeys</h2>
        {isVerified === true && hasPasskeys() && (
          <button type="button" class="button" onClick={() => add(true)}>
            Add a passkey
          </button>
        )}
      </div>
      {isVerified === false && <Unverified />}
      {!hasPasskeys() && (
        <p class="quiet">This browser makes none at this address: they belong to a name such as localhost.</p>
      )}
      <Loaded of={passkeys} again={() => refresh(KEY)}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="You have no passkey">
              <span>With one a finger or a glance signs you in, and nobody can ask you for it by mail.</span>
            </Empty>
          ) : (
            <Table label="Passkeys" rows={rows} columns={columns(rename)} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
      {isAdding && <Add onClose={() => add(false)} />}
      {renamed && <Rename passkey={renamed} onClose={() => rename(undefined)} />}
    </section>
  );
}
