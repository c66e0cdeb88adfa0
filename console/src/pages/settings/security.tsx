import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { boot } from "../../api/session.ts";
import { Act, Asked, SheetForm } from "../../parts/act.tsx";
import { TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Sheet } from "../../parts/sheet.tsx";
import { State } from "../../parts/state.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { agentOf } from "./agent.ts";
import { Settings } from "./frame.tsx";

type Session = components["schemas"]["Session"];

const USER = "/api/management/v1/useradm/users/{id}";
const CODES = "/api/management/v1/useradm/users/me/2fa/recovery-codes";

const own = () => ({ path: { id: boot.value?.user.id ?? "" } });

const CodeField = ({ code, set }: { code: string; set: (code: string) => void }) => (
  <TextField
    label="Code of the app"
    inputMode="numeric"
    autocomplete="one-time-code"
    value={code}
    set={set}
    required
  />
);

/** The picture for the app, and the code that shows that it has it. */
function Enrol({ onClose }: { onClose: () => void }) {
  const [code, setCode] = useState("");
  const picture = useResource("me/qr", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/useradm/2faqr", { signal })),
  );
  const run = async () => {
    await api.PUT("/api/management/v1/useradm/2faverify", { body: { token2fa: code } });
    refresh("me");
  };
  return (
    <SheetForm title="Second factor" action="Check the code" run={run} onClose={onClose}>
      <p>Let an authenticator app read this, then enter the code that it shows.</p>
      <Loaded of={picture}>
        {({ qr }) => <img class="qr" src={`data:image/png;base64,${qr}`} alt="The secret as a QR code" />}
      </Loaded>
      <CodeField code={code} set={setCode} />
    </SheetForm>
  );
}

/** New codes put an end to those before. */
function MakeCodes({ onMade, onClose }: { onMade: (codes: string[]) => void; onClose: () => void }) {
  const [code, setCode] = useState("");
  const make = async () => {
    const { codes } = bodyOf(await api.POST(CODES, { body: { token2fa: code } }));
    refresh("me");
    onMade(codes);
  };
  return (
    <SheetForm title="Recovery codes" action="Make new ones" run={make} onClose={onClose}>
      <p>Those that you have are over then.</p>
      <CodeField code={code} set={setCode} />
    </SheetForm>
  );
}

const Codes = ({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) => (
  <Sheet title="Recovery codes" onClose={onClose}>
    <p>Each signs you in once without the app. Keep them: they are not shown again.</p>
    <pre class="log">{codes.join("\n")}</pre>
    <form method="dialog">
      <button type="submit" class="button main">
        I have them
      </button>
    </form>
  </Sheet>
);

function Factor() {
  const [opened, open] = useState<"enrol" | "codes">();
  const [codes, showCodes] = useState<readonly string[]>();
  const close = () => open(undefined);
  const me = useResource("me", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/useradm/users/me", { signal })),
  );
  const isOn = me.data?.tfa_status === "enabled";
  const left = useResource(isOn ? "me/codes" : undefined, async (signal) =>
    bodyOf(await api.GET(CODES, { signal })),
  );
  const begin = async () => {
    await api.POST(`${USER}/2fa/enable`, { params: own() });
    open("enrol");
  };
  const end = async () => {
    await api.POST(`${USER}/2fa/disable`, { params: own() });
    refresh("me");
  };
  return (
    <section class="sheet padded stack">
      <h2>Second factor</h2>
      <Loaded of={me} again={() => refresh("me")}>
        {() =>
          isOn ? (
            <>
              <span class="row">
                <State tone="good">on</State>
                {left.data && <span class="quiet">{left.data.left} recovery codes left</span>}
              </span>
              <span class="row">
                <button type="button" class="button" onClick={() => open("codes")}>
                  New recovery codes
                </button>
                <Asked label="Turn off" title="Turn the second factor off" isRisky run={end}>
                  <p>The password alone signs you in again. Recovery codes are over.</p>
                </Asked>
              </span>
            </>
          ) : (
            <>
              <State tone="warn">off</State>
              <p>With it a stolen password is not enough. It takes an authenticator app.</p>
              <span>
                <Act label="Set it up" isMain run={begin} />
              </span>
            </>
          )
        }
      </Loaded>
      {opened === "enrol" && <Enrol onClose={close} />}
      {opened === "codes" && <MakeCodes onMade={showCodes} onClose={close} />}
      {codes && <Codes codes={codes} onClose={() => showCodes(undefined)} />}
    </section>
  );
}

const endSession = async (session: string): Promise<void> => {
  await api.DELETE(`${USER}/sessions/{session}`, { params: { path: { ...own().path, session } } });
  refresh("sessions/own");
};

const endOthers = async (): Promise<void> => {
  await api.DELETE(`${USER}/sessions`, { params: { ...own(), query: { keep_current: "true" } } });
  refresh("sessions/own");
};

const COLUMNS: readonly Column<Session>[] = [
  {
    title: "On",
    cell: ({ device = "unknown" }) => <span title={plain(device)}>{plain(agentOf(device))}</span>,
  },
  { title: "From", cell: ({ place }) => <span class="nowrap">{plain(place ?? "")}</span> },
  { title: "Began", cell: ({ created_ts: at }) => <When at={at} /> },
  { title: "Last used", cell: ({ last_used: at }) => <When at={at} never="not since" /> },
  { title: "Ends", cell: ({ expiration_date: at }) => <When at={at} /> },
  {
    title: "",
    cell: ({ id, current }) =>
      current ? <State tone="good">this one</State> : <Act label="End" run={() => endSession(id)} />,
  },
];

function OwnSessions() {
  const sessions = useResource("sessions/own", async (signal) => {
    const { data } = await api.GET(`${USER}/sessions`, { params: own(), signal });
    return data ?? [];
  });
  return (
    <section class="stack">
      <div class="row apart">
        <h2>Where you are signed in</h2>
        <Act label="End all others" run={endOthers} done="All other sessions are over" />
      </div>
      <Loaded of={sessions} again={() => refresh("sessions/own")}>
        {(rows) => <Table label="Sessions" rows={rows} columns={COLUMNS} keyOf={({ id }) => id} />}
      </Loaded>
    </section>
  );
}

/** Second factor and sessions of one's own. */
export function Security() {
  return (
    <Settings at="/settings/security">
      <Factor />
      <OwnSessions />
    </Settings>
  );
}
