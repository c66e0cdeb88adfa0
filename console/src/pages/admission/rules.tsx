import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { SheetForm } from "../../parts/act.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { telling } from "../../parts/toast.tsx";

type Rule = components["schemas"]["AutoAcceptRule"];

export const identityText = (identity: Record<string, unknown>): string =>
  plain(
    Object.entries(identity)
      .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join(", "),
  );

/** A pattern that this value and its likes match: what is counted in it may be anything. */
const likeness = (value: unknown): string => String(value).replace(/[^\W_]{1,12}$/, "*");

/** A rule that lets in devices like one that waits; every pattern can be changed before it holds. */
function Draft({ device, close }: { device: components["schemas"]["Device"]; close: () => void }) {
  const [name, setName] = useState("");
  const [identity, setIdentity] = useState<Record<string, string>>(
    Object.fromEntries(Object.entries(device.identity_data).map(([key, value]) => [key, likeness(value)])),
  );
  const save = async () => {
    const wanted = Object.fromEntries(Object.entries(identity).filter(([, pattern]) => pattern !== ""));
    await api.POST("/api/management/v2/devauth/admission/rules", { body: { name, identity: wanted } });
    refresh("rules");
  };
  return (
    <SheetForm title="Always accept like this" action="Make the rule" run={save} onClose={close}>
      <p>
        A device whose identity matches all of these is let in when it asks. <code>*</code> is any text; an
        empty pattern asks for nothing.
      </p>
      <label class="field">
        <span>Name of the rule</span>
        <input
          class="input"
          required
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      {Object.entries(identity).map(([key, pattern]) => (
        <label key={key} class="field">
          <span>{plain(key)}</span>
          <input
            class="input mono"
            value={pattern}
            onInput={({ currentTarget }) => setIdentity({ ...identity, [key]: currentTarget.value })}
          />
        </label>
      ))}
    </SheetForm>
  );
}

const remove = (id: string) =>
  telling(async () => {
    await api.DELETE("/api/management/v2/devauth/admission/rules/{id}", { params: { path: { id } } });
    refresh("rules");
  }, "The rule is gone. Devices that it let in stay.");

const COLUMNS: readonly Column<Rule>[] = [
  { title: "Rule", cell: ({ name }) => plain(name) },
  {
    title: "Lets in",
    cell: ({ identity, enrolment_token }) => (
      <span class="mono">
        {identityText(identity)}
        {enrolment_token && " with its token"}
      </span>
    ),
  },
  { title: "Ends", cell: ({ expires_ts }) => <When at={expires_ts} /> },
  {
    title: "Remove",
    cell: ({ id, name }) => (
      <button
        type="button"
        class="button plain"
        aria-label={`Remove the rule ${plain(name)}`}
        onClick={() => void remove(id)}
      >
        Remove
      </button>
    ),
  },
];

/** The rules by which devices are let in without being asked about. */
export function Rules({
  alike,
  close,
}: {
  alike: components["schemas"]["Device"] | undefined;
  close: () => void;
}) {
  const rules = useResource("rules", async (signal) =>
    bodyOf(await api.GET("/api/management/v2/devauth/admission/rules", { signal })),
  );
  return (
    <>
      <h2>Rules</h2>
      <Loaded of={rules} again={() => refresh("rules")}>
        {(rows) =>
          rows.length === 0 ? (
            <p class="quiet">No device is let in without a decision.</p>
          ) : (
            <Table label="Rules" rows={rows} columns={COLUMNS} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
      {alike && <Draft key={alike.id} device={alike} close={close} />}
    </>
  );
}
