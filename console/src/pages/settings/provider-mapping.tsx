import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { SheetForm } from "../../parts/act.tsx";
import { Check, Field, TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { plain } from "../../parts/text.ts";
import type { Provider } from "./provider.ts";
import { RolePicker } from "./role-picker.tsx";

type Mapping = components["schemas"]["IdentityProviderMapping"];

const PATH = "/api/management/v1/useradm/sso/idp/metadata/{id}/mapping";

const namesOf = (text: string): string[] =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

/** One line a value: `value = role, role`. */
const written = (roles: Mapping["roles"] = {}): string =>
  Object.entries(roles)
    .map(([value, names]) => `${value} = ${names.join(", ")}`)
    .join("\n");

function readRoles(text: string): Record<string, string[]> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf("=");
      if (at < 1) throw new Error(`no = in: ${line}`);
      return [line.slice(0, at).trim(), namesOf(line.slice(at + 1))];
    }),
  );
}

function Fields({
  mapping,
  set,
  lines,
  setLines,
}: {
  mapping: Mapping;
  set: (change: Partial<Mapping>) => void;
  lines: string;
  setLines: (lines: string) => void;
}) {
  return (
    <>
      <Check
        label="Whoever it vouches for becomes a user at the first sign-in"
        isOn={mapping.create_users}
        set={(isOn) => set({ create_users: isOn })}
      />
      <TextField
        label="Claim or attribute that stands for roles"
        placeholder="groups"
        hint="Read at each sign-in. Left empty, roles are given here only."
        value={mapping.roles_attribute ?? ""}
        set={(name) => set({ roles_attribute: name })}
      />
      <Field label="Roles by its values" hint="One line for each value: value = role, role">
        <textarea
          class="input mono"
          rows={4}
          value={lines}
          placeholder="fleet-admins = RBAC_ROLE_PERMIT_ALL"
          onInput={({ currentTarget }) => setLines(currentTarget.value)}
        />
      </Field>
      <RolePicker
        legend="Roles of whoever gets none by it"
        without="Without any such a sign-in is refused."
        chosen={mapping.default_roles ?? []}
        set={(roles) => set({ default_roles: roles })}
      />
    </>
  );
}

/** How those whom a provider vouches for become users, and what they may. */
export function MappingForm({
  provider: { id, issuer },
  onClose,
}: {
  provider: Provider;
  onClose: () => void;
}) {
  const [changed, change] = useState<Mapping>();
  const [lines, setLines] = useState<string>();
  const kept = useResource(`mapping/${id}`, async (signal) =>
    bodyOf(await api.GET(PATH, { params: { path: { id } }, signal })),
  );
  const mapping = changed ?? kept.data;
  const run = async () => {
    if (!mapping) return;
    const { roles_attribute: attribute, default_roles: defaults = [], create_users: creates } = mapping;
    const roles = lines === undefined ? (mapping.roles ?? {}) : readRoles(lines);
    await api.PUT(PATH, {
      params: { path: { id } },
      body: {
        create_users: creates,
        ...(attribute && { roles_attribute: attribute }),
        ...(Object.keys(roles).length > 0 && { roles }),
        ...(defaults.length > 0 && { default_roles: defaults }),
      },
    });
    refresh("mapping/");
  };
  return (
    <SheetForm title={`People of ${plain(issuer)}`} action="Keep" run={run} onClose={onClose}>
      <Loaded of={kept}>
        {(found) => {
          const shown = mapping ?? found;
          return (
            <Fields
              mapping={shown}
              set={(part) => change({ ...shown, ...part })}
              lines={lines ?? written(shown.roles)}
              setLines={setLines}
            />
          );
        }}
      </Loaded>
    </SheetForm>
  );
}
