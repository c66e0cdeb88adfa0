import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { boot, has, may } from "../../api/session.ts";
import { Asked, SheetForm } from "../../parts/act.tsx";
import { TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { State } from "../../parts/state.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { count, counted, plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { Settings } from "./frame.tsx";
import { RolePicker } from "./role-picker.tsx";

type User = components["schemas"]["User"];

const BASE = "/api/management/v1/useradm/users";

const FACTOR = { enabled: "on", unverified: "begun", disabled: "off" } as const;

function NewUser({ onClose }: { onClose: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [roles, setRoles] = useState<string[]>([]);
  const run = async () => {
    const how = password ? { password } : { send_reset_password: true };
    await api.POST(BASE, { body: { email, ...(roles.length > 0 && { roles }), ...how } });
    refresh("users");
  };
  return (
    <SheetForm title="New user" action="Create" run={run} onClose={onClose}>
      <TextField type="email" label="E-mail" value={email} set={setEmail} required />
      <TextField
        type="password"
        label="Password"
        hint="Left empty, the user gets a mail with a link to set one."
        autocomplete="new-password"
        value={password}
        set={setPassword}
      />
      <RolePicker without="Without any, everything is allowed." chosen={roles} set={setRoles} />
    </SheetForm>
  );
}

function EditRoles({ user, onClose }: { user: User; onClose: () => void }) {
  const [roles, setRoles] = useState(user.roles);
  const run = async () => {
    await api.PUT(`${BASE}/{id}`, { params: { path: { id: user.id } }, body: { roles } });
    refresh("users");
  };
  return (
    <SheetForm title={`Roles of ${plain(user.email)}`} action="Keep" run={run} onClose={onClose}>
      <RolePicker
        without="Without any, nothing is allowed but the own account."
        chosen={roles}
        set={setRoles}
      />
    </SheetForm>
  );
}

const remove = async (id: string): Promise<void> => {
  await api.DELETE(`${BASE}/{id}`, { params: { path: { id } } });
  refresh("users");
};

const columns = (edit: (user: User) => void): readonly Column<User>[] => [
  { title: "E-mail", cell: ({ email }) => plain(email) },
  { title: "Roles", cell: ({ roles }) => (roles.length > 0 ? roles.map(plain).join(", ") : "none") },
  {
    title: "Second factor",
    cell: ({ tfa_status: status }) => (
      <State tone={status === "enabled" ? "good" : "idle"}>{FACTOR[status]}</State>
    ),
  },
  { title: "Signed in", cell: ({ login_ts: at }) => <When at={at} /> },
  { title: "Made", cell: ({ created_ts: at }) => <When at={at} /> },
  {
    title: "",
    cell: (user) =>
      may("users:manage") && (
        <span class="row">
          {has("rbac") && (
            <button type="button" class="button" onClick={() => edit(user)}>
              Roles
            </button>
          )}
          {user.id !== boot.value?.user.id && (
            <Asked label="Delete" title={`Delete ${plain(user.email)}`} isRisky run={() => remove(user.id)}>
              <p>
                All sessions and tokens of this user are over at once. What the user did stays in the audit
                log.
              </p>
            </Asked>
          )}
        </span>
      ),
  },
];

/** How many there are of how many there may be, where that is limited. */
function Room() {
  const limits = useResource("users/limits", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/useradm/limits", { signal })),
  );
  const { count: number = 0, max = -1 } = limits.data?.users ?? {};
  return max < 0 ? null : (
    <p class="quiet">
      {count(number)} of {counted(max, "user")} that there may be.
    </p>
  );
}

/** Who may sign in here. */
export function Users() {
  const [isMaking, make] = useState(false);
  const [edited, edit] = useState<User>();
  const users = useResource("users", async (signal) => {
    const { data } = await api.GET(BASE, { signal });
    return data ?? [];
  });
  const New = () => (
    <button type="button" class="button main" onClick={() => make(true)}>
      New user
    </button>
  );
  return (
    <Settings at="/settings/users" actions={may("users:manage") && <New />}>
      <Loaded of={users} again={() => refresh("users")}>
        {(rows) => <Table label="Users" rows={rows} columns={columns(edit)} keyOf={({ id }) => id} />}
      </Loaded>
      <Room />
      {isMaking && <NewUser onClose={() => make(false)} />}
      {edited && <EditRoles user={edited} onClose={() => edit(undefined)} />}
    </Settings>
  );
}
