import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { SheetForm } from "../../parts/act.tsx";
import { plain } from "../../parts/text.ts";
import { telling } from "../../parts/toast.tsx";
import { parse } from "../../query/parse.ts";
import { isLasting, queryFor, searchFor } from "../../query/search.ts";

type Terms = components["schemas"]["FilterDefinition"]["terms"];

const FIRST = 100;

const addressOf = (query: string): string =>
  query === "" ? "/devices" : `/devices?${new URLSearchParams({ q: query })}`;

async function write(name: string, terms: Terms): Promise<void> {
  await api.POST("/api/management/v2/inventory/filters", { body: { name, terms } });
  refresh("views");
}

function SaveView({ query, close }: { query: string; close: () => void }) {
  const [name, setName] = useState("");
  const save = async () => {
    const { filters } = searchFor(parse(query), Date.now());
    await write(name, filters);
  };
  return (
    <SheetForm title="Save this view" action="Save" run={save} onClose={close}>
      <p>
        Everybody who sees devices here has it, and deployments can be for it: <code>{plain(query)}</code>
      </p>
      <label class="field">
        <span>Name</span>
        <input
          class="input"
          required
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
    </SheetForm>
  );
}

/** Saved filters as tabs; which of them is shown is what the query says. */
export function Views({ query }: { query: string }) {
  const [isSaving, setSaving] = useState(false);
  const views = useResource("views", async (signal) =>
    bodyOf(
      await api.GET("/api/management/v2/inventory/filters", {
        params: { query: { per_page: FIRST } },
        signal,
      }),
    ),
  );
  const known = (views.data ?? []).flatMap(({ id, name, terms }) => {
    const text = queryFor(terms);
    return text === undefined ? [] : [{ id, name, text }];
  });
  const shown = known.find(({ text }) => text === query);
  const parsed = parse(query);
  const canSave =
    parsed.terms.length > 0 && searchFor(parsed, 0).mistakes.length === 0 && isLasting(parsed) && !shown;
  const remove = (id: string) => {
    const gone = views.data?.find((one) => one.id === id);
    return telling(
      async () => {
        await api.DELETE("/api/management/v2/inventory/filters/{id}", { params: { path: { id } } });
        refresh("views");
      },
      "The view is gone.",
      gone && (() => write(gone.name, gone.terms as Terms)),
    );
  };
  return (
    <div class="row apart">
      <nav class="tabs" aria-label="Saved views">
        <a href="/devices" aria-current={query === "" ? "page" : undefined}>
          All devices
        </a>
        {known.map(({ id, name, text }) => (
          <a key={id} href={addressOf(text)} aria-current={text === query ? "page" : undefined}>
            {plain(name)}
          </a>
        ))}
      </nav>
      {may("devices:manage") && canSave && (
        <button type="button" class="button plain" onClick={() => setSaving(true)}>
          Save this view
        </button>
      )}
      {may("devices:manage") && shown && (
        <button type="button" class="button plain" onClick={() => void remove(shown.id)}>
          Delete this view
        </button>
      )}
      {isSaving && <SaveView query={query} close={() => setSaving(false)} />}
    </div>
  );
}
