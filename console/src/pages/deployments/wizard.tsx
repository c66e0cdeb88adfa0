import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { has, may } from "../../api/session.ts";
import { useQuery } from "../../parts/address.ts";
import { Check, Field, SelectField, TextField } from "../../parts/field.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { plain } from "../../parts/text.ts";
import { goTo } from "./controls.tsx";
import { emptyDraft, type Draft, type How, type Who } from "./draft.ts";
import { Preview } from "./preview.tsx";
import { createDeployment, useTarget } from "./target.ts";

interface Part {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
}

function What({ draft, set }: Part) {
  const releases = useResource(`releases/names?${draft.release}`, async (signal) => {
    const { data } = await api.GET("/api/management/v2/deployments/deployments/releases", {
      params: {
        query: { per_page: 20, sort: "modified:desc", ...(draft.release && { name: draft.release }) },
      },
      signal,
    });
    return (data ?? []).map(({ name }) => name);
  });
  return (
    <fieldset class="sheet padded stack">
      <legend>What</legend>
      <Field label="Release">
        <input
          class="input"
          list="releases"
          required
          value={draft.release}
          onInput={({ currentTarget }) => set({ release: currentTarget.value })}
        />
      </Field>
      <datalist id="releases">
        {(releases.data ?? []).map((name) => (
          <option key={name} value={name}>
            {plain(name)}
          </option>
        ))}
      </datalist>
      <Problem error={releases.error} />
      <TextField
        label="Name of the deployment"
        placeholder={draft.release || "that of the release"}
        value={draft.name}
        set={(name) => set({ name })}
      />
    </fieldset>
  );
}

const WHO: readonly (readonly [Who, string])[] = [
  ["all", "all accepted devices"],
  ["group", "a group"],
  ["filter", "who fits a saved filter, also later"],
  ["list", "a list of devices"],
];

function useChoices(who: Who) {
  const groups = useResource(who === "group" ? "groups" : undefined, async (signal) => {
    const { data } = await api.GET("/api/management/v1/inventory/groups", { signal });
    return data ?? [];
  });
  const filters = useResource(who === "filter" ? "filters" : undefined, async (signal) => {
    const { data } = await api.GET("/api/management/v2/inventory/filters", { signal });
    return data ?? [];
  });
  return {
    groups: groups.data ?? [],
    filters: filters.data ?? [],
    unread: groups.error ?? filters.error,
  };
}

type Choices = ReturnType<typeof useChoices>;

const first = (text: string) => ["", text] as const;

function WhoPart({ draft, set, groups, filters, unread }: Part & Choices) {
  const isOffered = ([who]: readonly [Who, string]) => who !== "filter" || has("deployments_v2");
  return (
    <fieldset class="sheet padded stack">
      <legend>Who</legend>
      <SelectField<Who>
        label="To"
        value={draft.who}
        set={(who) => set({ who })}
        options={WHO.filter(isOffered)}
      />
      <Problem error={unread} />
      {draft.who === "group" && (
        <SelectField
          label="Group"
          value={draft.group}
          set={(group) => set({ group })}
          options={[first("choose one"), ...groups.map((name) => [name, plain(name)] as const)]}
        />
      )}
      {draft.who === "filter" && (
        <SelectField
          label="Filter"
          value={draft.filter}
          set={(filter) => set({ filter })}
          options={[first("choose one"), ...filters.map(({ id, name }) => [id, plain(name)] as const)]}
        />
      )}
      {draft.who === "list" && (
        <Field label="Ids of devices" hint="Separated by spaces, commas or lines">
          <textarea
            class="input mono"
            rows={5}
            value={draft.devices}
            onInput={({ currentTarget }) => set({ devices: currentTarget.value })}
          />
        </Field>
      )}
    </fieldset>
  );
}

const HOW: readonly (readonly [How, string])[] = [
  ["rule", "some first, the rest if those do well"],
  ["phases", "in phases by time"],
  ["once", "all at once"],
];

function ByRule({ draft, set }: Part) {
  return (
    <>
      <div class="filters">
        <TextField
          type="number"
          min={1}
          label="First"
          value={draft.canary}
          set={(canary) => set({ canary })}
          required
        />
        <SelectField
          label="Of"
          value={draft.unit}
          set={(unit) => set({ unit })}
          options={[
            ["devices", "devices"],
            ["percent", "percent"],
          ]}
        />
        <TextField
          type="number"
          min={1}
          max={99}
          label="Halts at % failures"
          value={draft.haltPercent}
          set={(haltPercent) => set({ haltPercent })}
          required
        />
      </div>
      <Check
        label="Let the judge halt it when it fails more than usual"
        isOn={draft.judge}
        set={(judge) => set({ judge })}
      />
    </>
  );
}

const ByTime = ({ draft, set }: Part) => (
  <div class="filters">
    <TextField
      label="Percent of each phase"
      hint="The last takes all that remain"
      value={draft.shares}
      set={(shares) => set({ shares })}
      required
    />
    <TextField
      type="number"
      min={1}
      label="Hours between them"
      value={draft.hours}
      set={(hours) => set({ hours })}
      required
    />
  </div>
);

function HowPart({ draft, set }: Part) {
  return (
    <fieldset class="sheet padded stack">
      <legend>How</legend>
      <SelectField<How> label="It goes" value={draft.how} set={(how) => set({ how })} options={HOW} />
      {draft.how === "rule" && <ByRule draft={draft} set={set} />}
      {draft.how === "phases" && <ByTime draft={draft} set={set} />}
      <Check label="A device that fails tries once more" isOn={draft.retry} set={(retry) => set({ retry })} />
      <Check
        label="Install it also where it is installed"
        isOn={draft.force}
        set={(force) => set({ force })}
      />
    </fieldset>
  );
}

const WhenPart = ({ draft, set }: Part) => (
  <fieldset class="sheet padded stack">
    <legend>When</legend>
    <TextField
      type="datetime-local"
      label="Start"
      hint="At once if left empty; in your time zone"
      value={draft.start}
      set={(start) => set({ start })}
    />
  </fieldset>
);

const whoOf = ({ group, filter, devices }: Readonly<Record<string, string>>): Who =>
  group ? "group" : filter ? "filter" : devices ? "list" : "all";

/** One page: what, who, how, when, and beside it what will come of it. */
export function Wizard() {
  const { route } = useLocation();
  const [query] = useQuery();
  const { release = "", group = "", filter = "", devices = "" } = query;
  const [draft, setDraft] = useState(() =>
    emptyDraft({ release, group, filter, devices, who: whoOf(query) }),
  );
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const choices = useChoices(draft.who);
  const total = useTarget(draft, choices.filters.find(({ id }) => id === draft.filter)?.terms ?? []);
  const create = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      goTo(await createDeployment(draft, total), route);
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Page title="New deployment">
      <form class="beside" onSubmit={(event) => void create(event)}>
        <div class="stack">
          <What draft={draft} set={set} />
          <WhoPart draft={draft} set={set} {...choices} />
          <HowPart draft={draft} set={set} />
          <WhenPart draft={draft} set={set} />
        </div>
        <div class="stack">
          <Preview draft={draft} total={total} />
          <Problem error={error} />
          <button type="submit" class="button main" disabled={isBusy || !may("deployments:manage")}>
            {isBusy ? "Creating …" : "Create the deployment"}
          </button>
        </div>
      </form>
    </Page>
  );
}
