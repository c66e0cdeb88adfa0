import { TextOrFile } from "../../parts/text-or-file.tsx";
import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { SheetForm } from "../../parts/act.tsx";
import { Copy } from "../../parts/copy.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Field, SelectField, TextField } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { plain } from "../../parts/text.ts";
import type { Provider } from "./provider.ts";

const BASE = "/api/management/v1/useradm/sso/idp/metadata";
const SAML = "application/samlmetadata+xml";

type Kind = "oidc" | "saml";

interface Sent {
  kind: Kind;
  text: string;
}

/** The document is sent as it stands. */
const asSent = ({ kind, text }: Sent) => ({
  body: text,
  bodySerializer: (body: unknown) => body as string,
  headers: { "Content-Type": kind === "saml" ? SAML : "application/json" },
});

const SamlField = ({ xml, set }: { xml: string; set: (xml: string) => void }) => (
  <TextOrFile
    label="Metadata of the provider"
    hint="The XML that it offers for download."
    value={xml}
    set={set}
    accept=".xml"
  />
);

export function ProviderForm({ onClose }: { onClose: () => void }) {
  const [kind, setKind] = useState<Kind>("oidc");
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [client, setClient] = useState("");
  const [secret, setSecret] = useState("");
  const [xml, setXml] = useState("");
  const run = async () => {
    const oidc = {
      name,
      client_id: client,
      ...(secret && { client_secret: secret }),
      well_known_url: address,
    };
    await api.POST(BASE, asSent({ kind, text: kind === "saml" ? xml : JSON.stringify(oidc) }));
    refresh("providers");
  };
  return (
    <SheetForm title="Add a provider" action="Add" run={run} onClose={onClose}>
      <SelectField<Kind>
        label="It speaks"
        value={kind}
        set={setKind}
        options={[
          ["oidc", "OpenID Connect"],
          ["saml", "SAML 2.0"],
        ]}
      />
      {kind === "saml" ? (
        <SamlField xml={xml} set={setXml} />
      ) : (
        <>
          <TextField label="Name" value={name} set={setName} required />
          <TextField
            type="url"
            label="Where it describes itself"
            placeholder="https://accounts.example.com/.well-known/openid-configuration"
            value={address}
            set={setAddress}
            required
          />
          <TextField label="Client id" value={client} set={setClient} required />
          <TextField
            type="password"
            label="Client secret"
            hint="Left empty by clients that have none."
            autocomplete="off"
            value={secret}
            set={setSecret}
          />
        </>
      )}
    </SheetForm>
  );
}

/** What has to be entered at the provider. */
function addressesOf(kind: Kind, id: string): (readonly [name: string, address: string])[] {
  const base = `${location.origin}/api/management/v1/useradm`;
  return kind === "oidc"
    ? [
        ["Redirect URI", `${base}/oidc/${id}/login`],
        ["Back-channel logout", `${base}/oidc/${id}/logout`],
        ["Users begin at", `${base}/oidc/${id}/start`],
      ]
    : [
        ["Our metadata", `${base}/sso/sp/metadata/${id}`],
        ["Assertion consumer", `${base}/auth/sso/${id}/acs`],
        ["Users begin at", `${base}/auth/sso/${id}/login`],
      ];
}

/** The document that a provider was made of, to be replaced, and our addresses. */
export function ProviderSheet({
  provider: { id, issuer },
  onClose,
}: {
  provider: Provider;
  onClose: () => void;
}) {
  const [typed, type] = useState<string>();
  const document = useResource(`providers/${id}`, async (signal): Promise<Sent> => {
    const { data, response } = await api.GET(`${BASE}/{id}`, {
      params: { path: { id } },
      parseAs: "text",
      signal,
    });
    const isSaml = response.headers.get("content-type")?.startsWith(SAML) ?? false;
    return { kind: isSaml ? "saml" : "oidc", text: data ?? "" };
  });
  const kept = document.data;
  const run = async () => {
    if (kept === undefined || typed === undefined || typed === kept.text) return;
    await api.PUT(`${BASE}/{id}`, {
      params: { path: { id } },
      ...asSent({ kind: kept.kind, text: typed }),
    });
    refresh("providers");
  };
  return (
    <SheetForm title={plain(issuer)} action="Keep" run={run} onClose={onClose}>
      <Loaded of={document}>
        {({ kind, text }) => (
          <>
            <p>Enter at the provider:</p>
            <Facts
              of={addressesOf(kind, id).map(([name, address]) => [
                name,
                <span key={name} class="row">
                  <code class="wraps">{address}</code>
                  <Copy text={address} what={name} />
                </span>,
              ])}
            />
            <Field
              label={kind === "saml" ? "Its metadata" : "Its settings"}
              {...(kind === "oidc" && { hint: "A secret that is shown as ******** stays as it is." })}
            >
              <textarea
                class="input mono"
                rows={10}
                required
                value={typed ?? text}
                onInput={({ currentTarget }) => type(currentTarget.value)}
              />
            </Field>
          </>
        )}
      </Loaded>
    </SheetForm>
  );
}
