import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { has, may } from "../../api/session.ts";
import { Asked, SheetForm } from "../../parts/act.tsx";
import { Check, TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { Settings } from "./frame.tsx";
import { WhoMay } from "./role-matrix.tsx";
import { useRoles } from "./role-picker.tsx";

type Role = components["schemas"]["RoleObject"];
type Set = components["schemas"]["PermissionSetObject"];

const BASE = "/api/management/v2/useradm/roles";
const BUILT_IN = "RBAC_ROLE_";

const scopeOf = (scope: { type: string; value: string[] } | undefined): string =>
  scope ? ` (${scope.value.map(plain).join(", ")})` : "";

const remove = async (id: string): Promise<void> => {
  await api.DELETE(`${BASE}/{id}`, { params: { path: { id } } });
  refresh("roles");
};

const COLUMNS: readonly Column<Role>[] = [
  { title: "Role", cell: ({ name }) => plain(name) },
  { title: "Description", cell: ({ description }) => plain(description ?? "") },
  {
    title: "Permission sets",
    cell: ({ permission_sets_with_scope: sets = [] }) =>
      sets.map(({ name, scope }) => plain(name) + scopeOf(scope)).join(", "),
  },
  {
    title: "",
    cell: ({ name }) =>
      may("users:manage") &&
      !name.startsWith(BUILT_IN) && (
        <Asked label="Delete" title={`Delete ${plain(name)}`} isRisky run={() => remove(name)}>
          <p>
            Users who have it lose what it allows. The server refuses while somebody would be left without
            any.
          </p>
        </Asked>
      ),
  },
];

const SETS: readonly Column<Set>[] = [
  { title: "Permission set", cell: ({ name }) => plain(name) },
  { title: "Description", cell: ({ description }) => plain(description ?? "") },
  {
    title: "Can be for some only",
    cell: ({ supported_scope_types: types = [] }) => types.map(plain).join(", "),
  },
];

function NewRole({ sets, onClose }: { sets: readonly Set[]; onClose: () => void }) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [groups, setGroups] = useState("");
  const [chosen, choose] = useState<readonly string[]>([]);
  const value = groups
    .split(",")
    .map((group) => group.trim())
    .filter((group) => group !== "");
  const takesGroups = (set: string) =>
    sets.find((one) => one.name === set)?.supported_scope_types?.includes("DeviceGroups") ?? false;
  const run = async () => {
    await api.POST(BASE, {
      body: {
        name,
        description,
        permission_sets_with_scope: chosen.map((set) =>
          value.length > 0 && takesGroups(set)
            ? { name: set, scope: { type: "DeviceGroups" as const, value } }
            : { name: set },
        ),
      },
    });
    refresh("roles");
  };
  return (
    <SheetForm title="New role" action="Create" run={run} onClose={onClose}>
      <TextField label="Name" value={name} set={setName} required />
      <TextField label="Description" value={description} set={setDescription} />
      <fieldset class="sheet padded stack">
        <legend>May</legend>
        {sets.map((set) => (
          <Check
            key={set.name}
            label={plain(set.name)}
            isOn={chosen.includes(set.name)}
            set={(isOn) => choose(isOn ? [...chosen, set.name] : chosen.filter((one) => one !== set.name))}
          />
        ))}
      </fieldset>
      <TextField
        label="Only devices of these groups"
        hint="Separated by commas; all if left empty. Counts for the sets that can be for some only."
        value={groups}
        set={setGroups}
      />
    </SheetForm>
  );
}

/** What users may, as roles made of permission sets. */
export function RolesPage() {
  const [isMaking, make] = useState(false);
  const roles = useRoles();
  const sets = useResource("permission-sets", async (signal) => {
    const { data } = await api.GET("/api/management/v2/useradm/permission_sets", { signal });
    return data ?? [];
  });
  const New = () => (
    <button type="button" class="button main" onClick={() => make(true)}>
      New role
    </button>
  );
  return (
    <Settings at="/settings/roles" actions={may("users:manage") && has("rbac") && <New />}>
      <Loaded of={roles} again={() => refresh("roles")}>
        {(rows) => <Table label="Roles" rows={rows} columns={COLUMNS} keyOf={({ name }) => name} />}
      </Loaded>
      <Loaded of={sets} again={() => refresh("permission-sets")}>
        {(rows) => (
          <details>
            <summary>Permission sets, of which roles are made</summary>
            <Table label="Permission sets" rows={rows} columns={SETS} keyOf={({ name }) => name} />
          </details>
        )}
      </Loaded>
      {roles.data && sets.data && <WhoMay roles={roles.data} sets={sets.data} />}
      {isMaking && <NewRole sets={sets.data ?? []} onClose={() => make(false)} />}
    </Settings>
  );
}
