import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { has, may } from "../../api/session.ts";
import { SheetForm } from "../../parts/act.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Check, SelectField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { plain } from "../../parts/text.ts";
import { Settings } from "./frame.tsx";
import { Providers } from "./providers.tsx";
import { RolePicker } from "./role-picker.tsx";

const RULES = "/api/management/v1/useradm/settings/sign-in";
const FORCED = "/api/management/v1/useradm/sso/rules";

const useRules = () =>
  useResource("sign-in/rules", async (signal) => bodyOf(await api.GET(RULES, { signal })));

type Rules = NonNullable<ReturnType<typeof useRules>["data"]>;

const WHO = [
  ["nobody", "nobody"],
  ["some", "users with one of some roles"],
  ["all", "everybody"],
] as const;
type Who = (typeof WHO)[number][0];

const whoOf = ({ require_2fa: isForAll, require_2fa_roles: roles = [] }: Rules): Who =>
  isForAll ? "all" : roles.length > 0 ? "some" : "nobody";

function Demand({ rules, onClose }: { rules: Rules; onClose: () => void }) {
  const [who, setWho] = useState(whoOf(rules));
  const [roles, setRoles] = useState(rules.require_2fa_roles ?? []);
  const run = async () => {
    await api.PUT(RULES, {
      body: { require_2fa: who === "all", ...(who === "some" && { require_2fa_roles: roles }) },
    });
    refresh("sign-in/rules");
  };
  return (
    <SheetForm title="Who needs a second factor" action="Keep" run={run} onClose={onClose}>
      <p>It holds from the next request on: who has none may do nothing but set one up.</p>
      <SelectField<Who>
        label="A second factor is demanded of"
        value={who}
        set={setWho}
        options={WHO.filter(([key]) => key !== "some" || has("rbac"))}
      />
      {who === "some" && (
        <RolePicker
          legend="Users with one of"
          without="Without any, of nobody."
          chosen={roles}
          set={setRoles}
        />
      )}
    </SheetForm>
  );
}

function SecondFactor() {
  const [isOpen, open] = useState(false);
  const rules = useRules();
  return (
    <section class="sheet padded stack">
      <h2>Second factor</h2>
      <Loaded of={rules} again={() => refresh("sign-in/rules")}>
        {(found) => (
          <>
            <Facts
              of={[
                [
                  "Demanded of",
                  whoOf(found) === "some"
                    ? `users with ${(found.require_2fa_roles ?? []).map(plain).join(", ")}`
                    : whoOf(found) === "all"
                      ? "everybody"
                      : "nobody",
                ],
              ]}
            />
            <span>
              <button type="button" class="button" onClick={() => open(true)}>
                Change who needs one
              </button>
            </span>
            {isOpen && <Demand rules={found} onClose={() => open(false)} />}
          </>
        )}
      </Loaded>
    </section>
  );
}

const useForced = () =>
  useResource("sign-in/forced", async (signal) => bodyOf(await api.GET(FORCED, { signal })));

type Forced = NonNullable<ReturnType<typeof useForced>["data"]>;

function Force({ rule, onClose }: { rule: Forced; onClose: () => void }) {
  const [isForced, force] = useState(rule.forced);
  const [user, setUser] = useState(rule.break_glass_user ?? "");
  const users = useResource(may("users:read") ? "users" : undefined, async (signal) => {
    const { data } = await api.GET("/api/management/v1/useradm/users", { signal });
    return data ?? [];
  });
  const run = async () => {
    await api.PUT(FORCED, { body: { forced: isForced, ...(user && { break_glass_user: user }) } });
    refresh("sign-in/forced");
  };
  return (
    <SheetForm title="Providers only" action="Keep" run={run} onClose={onClose}>
      <p>
        Passwords are not taken any more, but that of one administrator, for the day the provider is down.
      </p>
      <Check label="Users get in through a provider only" isOn={isForced} set={force} />
      <SelectField
        label="Administrator who keeps a password"
        value={user}
        set={setUser}
        options={[
          ["", isForced ? "choose one" : "nobody"],
          ...(users.data ?? [{ id: user, email: user }])
            .filter(({ id }) => id !== "")
            .map(({ id, email }) => [id, plain(email)] as const),
        ]}
      />
    </SheetForm>
  );
}

function ProvidersOnly() {
  const [isOpen, open] = useState(false);
  const rule = useForced();
  return (
    <section class="sheet padded stack">
      <h2>Passwords</h2>
      <Loaded of={rule} again={() => refresh("sign-in/forced")}>
        {(found) => (
          <>
            <Facts
              of={[
                ["Taken of", found.forced ? "one administrator only" : "everybody who has one"],
                ["Administrator", found.break_glass_user && <code>{found.break_glass_user}</code>],
              ]}
            />
            <span>
              <button type="button" class="button" onClick={() => open(true)}>
                Change who has one
              </button>
            </span>
            {isOpen && <Force rule={found} onClose={() => open(false)} />}
          </>
        )}
      </Loaded>
    </section>
  );
}

/** How users get in: what is demanded of them, and who vouches for them. */
export function SignIn() {
  return (
    <Settings at="/settings/sign-in">
      <div class="halves">
        <SecondFactor />
        {has("sso") && <ProvidersOnly />}
      </div>
      {has("sso") && <Providers />}
    </Settings>
  );
}
