import { api } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { useQuery } from "../../parts/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { SelectField } from "../../parts/field.tsx";
import { State } from "../../parts/state.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import {
  EVERYTHING,
  isOfFirstVersion,
  placesFor,
  rolesNamed,
  type PermissionSet,
  type Role,
} from "./role-model.ts";

type User = components["schemas"]["User"];

interface Known {
  roles: readonly Role[];
  sets: readonly PermissionSet[];
  users: readonly User[];
}

const USER = "user ";
const ROLE = "role ";

const options = <T,>(all: readonly T[], of: (one: T) => readonly [string, string]) => [
  ["", "choose"] as const,
  ...all.map(of),
];

/** The roles of whoever is chosen: one role, or all of a user. */
function rolesOf(who: string, { roles, users }: Known): Role[] | undefined {
  if (who.startsWith(ROLE)) return rolesNamed([who.slice(ROLE.length)], roles);
  const user = users.find(({ id }) => id === who.slice(USER.length));
  return user && rolesNamed(user.roles, roles);
}

/** What somebody may do: permission sets, and for which of the devices and releases. */
function Matrix({ held, sets }: { held: readonly Role[]; sets: readonly PermissionSet[] }) {
  const rows = sets
    .map((set) => ({ set, places: placesFor(set, held, sets) }))
    .filter(({ set }) => set.name !== "Basic");
  const places = [...new Set(rows.flatMap((row) => row.places))]
    .filter((place) => place !== EVERYTHING)
    .toSorted();
  const columns: Column<(typeof rows)[number]>[] = [
    { title: "Permission set", cell: ({ set }) => plain(set.name) },
    { title: "Allows", cell: ({ set }) => plain(set.description ?? "") },
    ...[EVERYTHING, ...places].map((place): Column<(typeof rows)[number]> => ({
      title: place === EVERYTHING ? "For everything" : `For ${plain(place)}`,
      cell: (row) =>
        row.places.includes(place) || row.places.includes(EVERYTHING) ? (
          <State tone="good">yes</State>
        ) : (
          <span class="quiet">no</span>
        ),
    })),
  ];
  return (
    <>
      {held.some(isOfFirstVersion) && (
        <p class="quiet">Rights of roles of the first version are not among these.</p>
      )}
      <Table label="What is allowed" rows={rows} columns={columns} keyOf={({ set }) => set.name} />
    </>
  );
}

interface Holder {
  key: string;
  who: string;
  kind: string;
  places: string[];
}

function Holders({ set, known }: { set: PermissionSet; known: Known }) {
  const { roles, sets, users } = known;
  const rows: Holder[] = [
    ...roles.map((role) => ({ key: ROLE + role.name, who: role.name, kind: "role", held: [role] })),
    ...users.map((user) => ({
      key: USER + user.id,
      who: user.email,
      kind: "user",
      held: rolesNamed(user.roles, roles),
    })),
  ]
    .map(({ held, ...one }) => ({ ...one, places: placesFor(set, held, sets) }))
    .filter(({ places }) => places.length > 0);
  const columns: readonly Column<Holder>[] = [
    {
      title: "Who",
      cell: ({ key, who }) => (
        <a href={`/settings/roles?${new URLSearchParams({ who: key }).toString()}`}>{plain(who)}</a>
      ),
    },
    { title: "Is a", cell: ({ kind }) => kind },
    { title: "For", cell: ({ places }) => places.map(plain).join(", ") },
  ];
  return rows.length === 0 ? (
    <Empty title="Nobody" />
  ) : (
    <Table label="Who may" rows={rows} columns={columns} keyOf={({ key }) => key} />
  );
}

/** Both ways round: what somebody can do, and who can do something. */
export function WhoMay({ roles, sets }: Pick<Known, "roles" | "sets">) {
  const [{ who = "", what = "" }, setQuery] = useQuery();
  const found = useResource("users", async (signal) => {
    const { data } = await api.GET("/api/management/v1/useradm/users", { signal });
    return data ?? [];
  });
  const known = { roles, sets, users: found.data ?? [] };
  const held = who === "" ? undefined : rolesOf(who, known);
  const set = sets.find(({ name }) => name === what);
  return (
    <section class="stack">
      <h2>Who may do what</h2>
      <div class="filters">
        <SelectField
          label="What can this user or role do?"
          value={who}
          set={(value) => setQuery({ who: value || undefined })}
          options={[
            ...options(roles, ({ name }) => [ROLE + name, `role ${plain(name)}`]),
            ...known.users.map(({ id, email }) => [USER + id, plain(email)] as const),
          ]}
        />
        <SelectField
          label="Who can do this?"
          value={what}
          set={(value) => setQuery({ what: value || undefined })}
          options={options(sets, ({ name, description = name }) => [name, plain(description)])}
        />
      </div>
      {held && <Matrix held={held} sets={sets} />}
      {set && <Holders set={set} known={known} />}
    </section>
  );
}
