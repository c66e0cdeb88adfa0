import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { Asked } from "../../parts/act.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import type { Provider } from "./provider.ts";
import { MappingForm } from "./provider-mapping.tsx";
import { ProviderForm, ProviderSheet } from "./provider-sheets.tsx";

const BASE = "/api/management/v1/useradm/sso/idp/metadata";

interface Open {
  what: "addresses" | "people";
  provider: Provider;
}

async function remove(id: string): Promise<void> {
  await api.DELETE(`${BASE}/{id}`, { params: { path: { id } } });
  refresh("providers");
}

const columns = (open: (what: Open) => void): readonly Column<Provider>[] => [
  { title: "Issuer", cell: ({ issuer }) => plain(issuer) },
  { title: "Certificate ends", cell: ({ valid_until: at }) => <When at={at} never="not said" /> },
  {
    title: "",
    cell: (provider) => (
      <span class="row">
        <button type="button" class="button" onClick={() => open({ what: "addresses", provider })}>
          Settings
        </button>
        <button type="button" class="button" onClick={() => open({ what: "people", provider })}>
          People and roles
        </button>
        <Asked
          label="Remove"
          title={`Remove ${plain(provider.issuer)}`}
          isRisky
          run={() => remove(provider.id)}
        >
          <p>Nobody gets in through it any more. Sessions that it vouched for go on until they end.</p>
        </Asked>
      </span>
    ),
  },
];

/** Who vouches for users, by OpenID Connect or SAML. */
export function Providers() {
  const [isAdding, add] = useState(false);
  const [opened, open] = useState<Open>();
  const providers = useResource("providers", async (signal) => {
    const { data } = await api.GET(BASE, { signal });
    return data ?? [];
  });
  return (
    <section class="stack">
      <div class="row apart">
        <h2>Identity providers</h2>
        <button type="button" class="button" onClick={() => add(true)}>
          Add a provider
        </button>
      </div>
      <Loaded of={providers} again={() => refresh("providers")}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="Users sign in with a password of their own here">
              <span>With a provider, by OpenID Connect or SAML, they use the account that they have.</span>
            </Empty>
          ) : (
            <Table label="Identity providers" rows={rows} columns={columns(open)} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
      {isAdding && <ProviderForm onClose={() => add(false)} />}
      {opened?.what === "addresses" && (
        <ProviderSheet provider={opened.provider} onClose={() => open(undefined)} />
      )}
      {opened?.what === "people" && (
        <MappingForm provider={opened.provider} onClose={() => open(undefined)} />
      )}
    </section>
  );
}
