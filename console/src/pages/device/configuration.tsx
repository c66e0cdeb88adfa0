import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Problem } from "../../parts/problem.tsx";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import type { ConsoleDevice } from "./read.ts";

type Pairs = readonly (readonly [name: string, value: string])[];

/** What is set for the device itself, as rows that can be changed. */
function Editor({ id, configured }: { id: string; configured: Record<string, string> }) {
  const [pairs, setPairs] = useState<Pairs>(Object.entries(configured));
  const [error, setError] = useState<unknown>();
  const change = (at: number, pair: readonly [string, string]) =>
    setPairs(pairs.map((one, i) => (i === at ? pair : one)));
  const save = async (isDeployed: boolean) => {
    setError(undefined);
    const params = { path: { id } };
    const body = Object.fromEntries(pairs.filter(([name]) => name !== ""));
    try {
      await api.PUT("/api/management/v1/deviceconfig/configurations/device/{id}", { params, body });
      if (isDeployed)
        await api.POST("/api/management/v1/deviceconfig/configurations/device/{id}/deploy", {
          params,
          body: { retries: 0 },
        });
    } catch (cause) {
      setError(cause);
    }
    refresh(`configuration/${id}`);
  };
  return (
    <form
      class="sheet padded stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save(true);
      }}
    >
      <h2>Set for this device</h2>
      {pairs.map(([name, value], i) => (
        <div key={i} class="config-row">
          <input
            class="input mono"
            aria-label="Name"
            value={name}
            onInput={({ currentTarget }) => change(i, [currentTarget.value, value])}
          />
          <input
            class="input mono"
            aria-label={`Value of ${name}`}
            value={value}
            onInput={({ currentTarget }) => change(i, [name, currentTarget.value])}
          />
          <button
            type="button"
            class="button plain"
            aria-label={`Remove ${name}`}
            onClick={() => setPairs(pairs.filter((_, other) => other !== i))}
          >
            Remove
          </button>
        </div>
      ))}
      <Problem error={error} />
      <div class="row">
        <button type="button" class="button" onClick={() => setPairs([...pairs, ["", ""]])}>
          Add a value
        </button>
        <button type="submit" class="button main">
          Save and deploy
        </button>
        <button type="button" class="button" onClick={() => void save(false)}>
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
      {({ effective, sources, in_sync, configured, reported, reported_ts, updated_ts }) => {
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
            <Editor key={updated_ts ?? ""} id={id} configured={configured} />
          </>
        );
      }}
    </Loaded>
  );
}
