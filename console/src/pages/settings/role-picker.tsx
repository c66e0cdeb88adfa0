import { api } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { has } from "../../api/session.ts";
import { Check } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { plain } from "../../parts/text.ts";

export function useRoles() {
  return useResource("roles", async (signal) => {
    const { data } = await api.GET("/api/management/v2/useradm/roles", { signal });
    return data ?? [];
  });
}

/** Some of the roles that there are; nothing where there is one only. `without` says what none of them means. */
export function RolePicker({
  legend = "Roles",
  without,
  chosen,
  set,
}: {
  legend?: string;
  without: string;
  chosen: readonly string[];
  set: (roles: string[]) => void;
}) {
  const roles = useRoles();
  if (!has("rbac")) return null;
  const flip = (name: string) => (isOn: boolean) =>
    set(isOn ? [...chosen, name] : chosen.filter((one) => one !== name));
  return (
    <fieldset class="sheet padded stack">
      <legend>{legend}</legend>
      <span class="quiet">{without}</span>
      <Loaded of={roles}>
        {(all) =>
          all.map(({ name }) => (
            <Check key={name} label={plain(name)} isOn={chosen.includes(name)} set={flip(name)} />
          ))
        }
      </Loaded>
    </fieldset>
  );
}
