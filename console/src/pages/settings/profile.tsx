import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { boot, loadBoot, signOut } from "../../api/session.ts";
import { Act } from "../../parts/act.tsx";
import { Facts } from "../../parts/facts.tsx";
import { TextField } from "../../parts/field.tsx";
import { Problem } from "../../parts/problem.tsx";
import { plain } from "../../parts/text.ts";
import { tell } from "../../parts/toast.tsx";
import { Settings } from "./frame.tsx";
import { Memberships } from "./memberships.tsx";
import { Passkeys } from "./passkeys.tsx";

const ME = "/api/management/v1/useradm/users/me";

/** A form that says in itself what it came to. */
function Own({
  title,
  action,
  run,
  children,
}: {
  title: string;
  action: string;
  run: () => Promise<void>;
  children: preact.ComponentChildren;
}) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    await run().catch(setError);
    setBusy(false);
  };
  return (
    <form class="sheet padded stack" onSubmit={(event) => void send(event)}>
      <h2>{title}</h2>
      {children}
      <Problem error={error} />
      <div>
        <button type="submit" class="button main" disabled={isBusy}>
          {action}
        </button>
      </div>
    </form>
  );
}

function Email() {
  const [email, setEmail] = useState(boot.value?.user.email ?? "");
  const [password, setPassword] = useState("");
  const run = async () => {
    await api.PUT(ME, { body: { email, current_password: password } });
    await loadBoot();
    setPassword("");
    tell("The address is changed");
  };
  return (
    <Own title="E-mail address" action="Change the address" run={run}>
      <TextField type="email" label="E-mail" autocomplete="email" value={email} set={setEmail} required />
      <TextField
        type="password"
        label="Present password"
        autocomplete="current-password"
        value={password}
        set={setPassword}
        required
      />
    </Own>
  );
}

function Password() {
  const [present, setPresent] = useState("");
  const [next, setNext] = useState("");
  const run = async () => {
    await api.PUT(ME, { body: { password: next, current_password: present } });
    setPresent("");
    setNext("");
    tell("The password is changed; other sessions are over");
  };
  return (
    <Own title="Password" action="Change the password" run={run}>
      <TextField
        type="password"
        label="Present password"
        autocomplete="current-password"
        value={present}
        set={setPresent}
        required
      />
      <TextField
        type="password"
        label="New password"
        autocomplete="new-password"
        value={next}
        set={setNext}
        required
      />
    </Own>
  );
}

/** Who one is here. */
export function Profile() {
  const { user, plan } = boot.value ?? {};
  const me = useResource("me", async (signal) => bodyOf(await api.GET(ME, { signal })));
  return (
    <Settings at="/settings">
      <section class="sheet padded stack">
        <Facts
          of={[
            ["Signed in as", plain(user?.email ?? "")],
            ["Roles", user?.roles.length ? user.roles.map(plain).join(", ") : "none, so everything"],
            ["Plan", plan],
          ]}
        />
        <p class="phone-only">
          <Act label="Sign out" run={signOut} />
        </p>
      </section>
      <div class="halves">
        <Email />
        <Password />
      </div>
      <Passkeys isVerified={me.data?.verified} />
      <Memberships tenants={me.data?.tenants ?? []} />
    </Settings>
  );
}
