import { useLocation, useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { Act, Asked } from "../../parts/act.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Log } from "../../parts/log.tsx";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { Once } from "../../parts/shown-once.tsx";
import { plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { ChangeWebhook, NewSecret } from "./change-webhook.tsx";
import { Deliveries } from "./deliveries.tsx";
import { filterWords } from "./webhook-fields.tsx";
import { BASE, outcomeOf, shapeTitle, standingOf, type Webhook } from "./webhook-words.ts";

type Tested = components["schemas"]["WebhookTest"];

const again = () => refresh("webhook");

async function turn({ id, name, types, filter, batch }: Webhook, enabled: boolean): Promise<void> {
  type Filter = components["schemas"]["WebhookFilter"];
  // It is what was taken before.
  const kept = filter as Filter;
  await api.PUT(`${BASE}/{id}`, {
    params: { path: { id } },
    body: { name, types, filter: kept, batch, enabled },
  });
  again();
}

function About({ of, tested }: { of: Webhook; tested: Tested | undefined }) {
  const [tone, text] = standingOf(of);
  const { old_secret_until: oldUntil } = of;
  return (
    <section class="sheet padded stack">
      <Facts
        of={[
          [
            "State",
            <State key="state" tone={tone}>
              {text}
            </State>,
          ],
          ["For", shapeTitle(of.shape)],
          [
            "To",
            <span key="to" class="mono">
              {plain(of.target)}
            </span>,
          ],
          ["Told of", of.types.map(plain).join(", ")],
          ["Only devices", filterWords(of)],
          ["Made", <When key="made" at={of.created_ts} />],
          [
            "Old secret holds until",
            oldUntil !== undefined && Date.parse(oldUntil) > Date.now() && <When key="old" at={oldUntil} />,
          ],
        ]}
      />
      {tested && (
        <>
          <output>
            The test: <State tone={tested.success ? "good" : "bad"}>{outcomeOf(tested)}</State>
          </output>
          {tested.answer && <Log label="What was answered" text={plain(tested.answer)} />}
        </>
      )}
    </section>
  );
}

/** One webhook: how it goes with it, whether it can be reached, and what it was told. */
export function WebhookPage() {
  const { id = "" } = useRoute().params;
  const { route } = useLocation();
  const [tested, setTested] = useState<Tested>();
  const [opened, open] = useState<"change" | "secret">();
  const [secret, show] = useState<string>();
  const close = () => open(undefined);
  const params = { path: { id } };
  const webhook = useResource(`webhook/${id}`, async (signal) =>
    bodyOf(await api.GET(`${BASE}/{id}`, { params, signal })),
  );
  const { data } = webhook;
  const test = async () => setTested(bodyOf(await api.POST(`${BASE}/{id}/test`, { params })));
  const remove = async () => {
    await api.DELETE(`${BASE}/{id}`, { params });
    refresh("webhooks");
    route("/integrations");
  };
  return (
    <Page
      title={data ? plain(data.name) : "Webhook"}
      actions={
        data && (
          <>
            <Act label="Send a test" isMain run={test} />
            <button type="button" class="button" onClick={() => open("change")}>
              Change
            </button>
            {data.shape === "cloudevents" && (
              <button type="button" class="button" onClick={() => open("secret")}>
                New secret
              </button>
            )}
            <Act label={data.enabled ? "Turn off" : "Turn on"} run={() => turn(data, !data.enabled)} />
            <Asked label="Delete" title={`Delete ${plain(data.name)}`} isRisky run={remove}>
              <p>Nothing is sent there any more. What was not delivered yet is given up.</p>
            </Asked>
          </>
        )
      }
    >
      <Loaded of={webhook} again={again}>
        {(of) => <About of={of} tested={tested} />}
      </Loaded>
      <Deliveries id={id} />
      {data && opened === "change" && <ChangeWebhook of={data} onClose={close} />}
      {data && opened === "secret" && <NewSecret of={data} onMade={show} onClose={close} />}
      {secret !== undefined && (
        <Once title="The secret that signs what is sent" value={secret} onClose={() => show(undefined)} />
      )}
    </Page>
  );
}
