import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { boot, has, may } from "../../api/session.ts";
import { Act, SheetForm } from "../../parts/act.tsx";
import { Check, SelectField, TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { count, counted, plain } from "../../parts/text.ts";
import { AlertTabs } from "./tabs.tsx";
import { Mutes } from "./mutes.tsx";

type Rule = components["schemas"]["AlertRule"];
type Kind = Rule["kind"];

const BASE = "/api/management/v1/devicemonitor";
const MINE = `${BASE}/settings/me/channel/alerts/{name}/status`;
const TEST = `${BASE}/settings/me/channel/alerts/{name}/test`;

/** What it is about, and what its threshold counts. */
const KINDS: Readonly<Record<Kind, readonly [title: string, unit: (number: number) => string]>> = {
  silent: ["A device is silent", (number) => `${count(number)} times as long as is usual for it`],
  configuration: ["A configuration is not applied", (number) => `for ${counted(number, "hour")}`],
  deployment: ["A deployment fails", (number) => `on ${count(number)} % of those that ended it`],
  limit: ["A limit is near", (number) => `at ${count(number)} %`],
  expiry: ["Something runs out", (number) => `in ${counted(number, "day")}`],
  receiver: ["An integration does not take what is sent", (number) => `${counted(number, "time")} in a row`],
  device: ["A device tells of something", () => ""],
};

const kindTitle = (kind: Kind): string => KINDS[kind][0];

function Edit({ rule, onClose }: { rule: Rule; onClose: () => void }) {
  const { kind, group } = rule;
  const [isOn, turn] = useState(rule.enabled);
  const [isMailed, mail] = useState(rule.mail);
  const [level, setLevel] = useState(rule.level);
  const [threshold, setThreshold] = useState(String(rule.threshold));
  const run = () => write({ ...rule, enabled: isOn, mail: isMailed, level, threshold: Number(threshold) });
  return (
    <SheetForm title={kindTitle(kind)} action="Keep" run={run} onClose={onClose}>
      {group !== undefined && <p>For devices of the group {plain(group)}.</p>}
      <Check label="It is an alert" isOn={isOn} set={turn} />
      <Check label="Mails are sent about it" isOn={isMailed} set={mail} />
      <SelectField
        label="Level"
        value={level}
        set={setLevel}
        options={[
          ["WARNING", "WARNING"],
          ["CRITICAL", "CRITICAL"],
        ]}
      />
      {kind !== "device" && (
        <TextField
          type="number"
          min={1}
          label="From"
          hint={KINDS[kind][1](Number(threshold) || 0)}
          value={threshold}
          set={setThreshold}
          required
        />
      )}
    </SheetForm>
  );
}

async function write({ kind, group, enabled, mail, level, threshold }: Rule): Promise<void> {
  await api.PUT(`${BASE}/rules/{kind}`, {
    params: { path: { kind }, query: group === undefined ? {} : { group } },
    body: { enabled, mail, level, threshold },
  });
  refresh("alert-rules");
}

async function reset({ kind, group }: Rule): Promise<void> {
  await api.DELETE(`${BASE}/rules/{kind}`, {
    params: { path: { kind }, query: group === undefined ? {} : { group } },
  });
  refresh("alert-rules");
}

const columns = (edit: (rule: Rule) => void): readonly Column<Rule>[] => [
  { title: "When", cell: ({ kind }) => kindTitle(kind) },
  { title: "From", cell: ({ kind, threshold }) => KINDS[kind][1](threshold) },
  { title: "For", cell: ({ group }) => (group === undefined ? "all" : `the group ${plain(group)}`) },
  {
    title: "State",
    cell: ({ enabled }) => <State tone={enabled ? "good" : "idle"}>{enabled ? "on" : "off"}</State>,
  },
  { title: "Level", cell: ({ level }) => level },
  { title: "Mails", cell: ({ mail }) => (mail ? "yes" : "no") },
  {
    title: "",
    cell: (rule) =>
      may("settings:manage") && (
        <span class="row">
          <button type="button" class="button" onClick={() => edit(rule)}>
            Change
          </button>
          {!rule.default && (
            <Act
              label="Reset"
              done={`${kindTitle(rule.kind)}: what holds where nobody has said anything holds again.`}
              run={() => reset(rule)}
              undo={() => write(rule)}
            />
          )}
        </span>
      ),
  },
];

/** Whether one gets mails oneself. */
function OwnMails() {
  const params = { path: { name: "email" } };
  const mails = useResource("own-mails", async (signal) => bodyOf(await api.GET(MINE, { params, signal })));
  const turn = async (enabled: boolean) => {
    await api.PUT(MINE, { params, body: { enabled } });
    refresh("own-mails");
  };
  const test = async () => {
    const { success, error = "" } = bodyOf(await api.POST(TEST, { params }));
    if (!success) throw new Error(`No mail was sent: ${error}.`);
  };
  const email = plain(boot.value?.user.email ?? "");
  return (
    <Loaded of={mails} again={() => refresh("own-mails")}>
      {({ enabled }) => (
        <p class="row">
          <span>{enabled ? "You get mails about alerts." : "You get no mails about alerts."}</span>
          <Act label={enabled ? "No mails for me" : "Mails for me"} run={() => turn(!enabled)} />
          <Act label="Send a test" done={`A mail is on its way to ${email}.`} run={test} />
        </p>
      )}
    </Loaded>
  );
}

/** When there are alerts, who is told of them, and what nobody is told of for a while. */
export function AlertRules() {
  const [edited, edit] = useState<Rule>();
  const rules = useResource("alert-rules", async (signal) =>
    bodyOf(await api.GET(`${BASE}/rules`, { signal })),
  );
  return (
    <Page title="Alerts">
      <AlertTabs at="/alerts/rules" />
      {has("monitoring") && <OwnMails />}
      <Loaded of={rules} again={() => refresh("alert-rules")}>
        {(rows) => (
          <Table
            label="Rules of alerts"
            rows={rows}
            columns={columns(edit)}
            keyOf={({ kind, group = "" }) => `${kind}/${group}`}
          />
        )}
      </Loaded>
      <Mutes />
      {edited && <Edit rule={edited} onClose={() => edit(undefined)} />}
    </Page>
  );
}
