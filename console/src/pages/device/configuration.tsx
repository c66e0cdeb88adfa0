import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, refreshed, useResource } from "../../api/resource.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { inOrder, meanwhile } from "../../parts/meanwhile.ts";
import { ofPairs, type Pairs, PairRows } from "../../parts/pairs.tsx";
import { Problem } from "../../parts/problem.tsx";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import type { ConsoleDevice } from "./read.ts";

const CONFIGURATION = "/api/management/v1/deviceconfig/configurations/device/{id}";

/** What is set for the device itself, as rows that can be changed. */
function Editor({ id, configured }: { id: string; configured: Record<string, string> }) {
  // What is typed stays, whoever changes it meanwhile.
  const [changed, change] = useState<{ pairs: Pairs; before: Record<string, string> }>();
  const [error, setError] = useState<unknown>();
  const pairs = changed?.pairs ?? Object.entries(configured);
  const before = changed?.before ?? configured;
  const setPairs = (next: Pairs) => change({ pairs: next, before });
  const put = async (isDeployed: boolean) => {
    const params = { path: { id } };
    const { configured: now } = bodyOf(await api.GET(CONFIGURATION, { params }));
    if (inOrder(now) !== inOrder(before)) {
      change({ pairs, before: now });
      throw meanwhile(inOrder(now));
    }
    await api.PUT(CONFIGURATION, { params, body: ofPairs(pairs) });
    if (isDeployed) await api.POST(`${CONFIGURATION}/deploy`, { params, body: { retries: 0 } });
    await refreshed(`configuration/${id}`);
    change(undefined);
  };
  const save = (isDeployed: boolean) => {
    setError(undefined);
    void put(isDeployed).catch(setError);
  };
  return (
    <form
      class="sheet padded stack"
      onSubmit={(event) => {
        event.preventDefault();
        save(true);
      }}
    >
      <h2>Set for this device</h2>
      <PairRows pairs={pairs} set={setPairs} />
      <Problem error={error} />
      <div class="row">
        <button type="button" class="button" onClick={() => setPairs([...pairs, ["", ""]])}>
          Add a value
        </button>
        <button type="submit" class="button main">
          Save and deploy
        </button>
        <button type="button" class="button" onClick={() => save(false)}>
          Save only
        </button>
      </div>
    </form>
  );
}

/** What a device should have, from where, and what it reports. */
export function Configuration({ id }: { id: string; of: ConsoleDevice }) {
  const params = { path: { id } };
  const found = useResource(`configuration/${id}`, async (signal) => {
    const [effective, own] = await Promise.all([
      api.GET("/api/management/v1/deviceconfig/configurations/device/{id}/effective", { params, signal }),
      api.GET("/api/management/v1/deviceconfig/configurations/device/{id}", { params, signal }),
    ]);
    return { ...bodyOf(effective), ...bodyOf(own) };
  });
  return (
    <Loaded of={found} again={() => refresh(`configuration/${id}`)}>
      {({ effective, sources, in_sync, configured, reported, reported_ts }) => {
        const names = [...new Set([...Object.keys(effective), ...Object.keys(reported)])].toSorted();
        const from = (name: string) => sources.find(({ keys }) => keys.includes(name));
        return (
          <>
            <div class="row">
              <State tone={in_sync ? "good" : "warn"}>
                {in_sync ? "as it should be" : "not as it should be"}
              </State>
              <span class="quiet">
                reported <When at={reported_ts} />
              </span>
            </div>
            {names.length === 0 ? (
              <Empty title="Nothing is set and nothing is reported" />
            ) : (
              <Table
                label="Configuration"
                rows={names}
                keyOf={(name) => name}
                columns={[
                  { title: "Name", cell: (name) => <span class="mono">{plain(name)}</span> },
                  {
                    title: "Should be",
                    cell: (name) => <span class="mono">{plain(effective[name] ?? "")}</span>,
                  },
                  {
                    title: "Set by",
                    cell: (name) => {
                      const source = from(name);
                      return (
                        source &&
                        (source.source === "device" ? "device" : `${source.source} ${plain(source.id)}`)
                      );
                    },
                  },
                  {
                    title: "Reported",
                    cell: (name) => <span class="mono">{plain(reported[name] ?? "")}</span>,
                  },
                  {
                    title: "Same",
                    cell: (name) =>
                      effective[name] === reported[name] ? (
                        <State tone="good">same</State>
                      ) : (
                        <State tone="warn">differs</State>
                      ),
                  },
                ]}
              />
            )}
            <Editor id={id} configured={configured} />
          </>
        );
      }}
    </Loaded>
  );
}
