import { api, bodyOf } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import { may } from "../../api/session.ts";
import { Copy } from "../../parts/copy.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { bytes, count, plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { Settings } from "./frame.tsx";

export const within = (used: number, limit: number, text: (number: number) => string): string =>
  limit > 0 ? `${text(used)} of ${text(limit)}` : `${text(used)}, without a limit`;

export const useStorage = () =>
  useResource("storage", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/deployments/limits/storage", { signal })),
  );

/** The tenant that everybody here shares. */
export function Organization() {
  const tenant = useResource("tenant", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/tenantadm/user/tenant", { signal })),
  );
  const storage = useStorage();
  return (
    <Settings at="/settings/organization">
      <Loaded of={tenant} again={() => refresh("tenant")}>
        {(found) => (
          <section class="sheet padded stack">
            <h2>{plain(found.name)}</h2>
            <Facts
              of={[
                ["Id", <code key="id">{found.id}</code>],
                ["Plan", found.trial ? `${found.plan}, on trial` : found.plan],
                ["Trial ends", found.trial && <When at={found.trial_expiration} />],
                [
                  "Add-ons",
                  found.addons
                    .filter(({ enabled }) => enabled)
                    .map(({ name }) => name)
                    .join(", "),
                ],
                ["Devices", within(found.device_count, found.device_limit, count)],
                ["Storage", storage.data && within(storage.data.usage, storage.data.limit, bytes)],
                ["Since", <When key="since" at={found.created_at} />],
                [
                  "Tenant token",
                  found.tenant_token && (
                    <details>
                      <summary>Devices bring it along; show it</summary>
                      <pre class="log">{found.tenant_token}</pre>
                      <Copy text={found.tenant_token} what="the tenant token" />
                    </details>
                  ),
                ],
              ]}
            />
          </section>
        )}
      </Loaded>
      {may("settings:manage") && (
        <p>
          <a href="/settings/usage">What it uses, by day</a>
        </p>
      )}
    </Settings>
  );
}
