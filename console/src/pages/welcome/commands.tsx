import { api, bodyOf } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { Copy } from "../../parts/copy.tsx";
import { Loaded } from "../../parts/loaded.tsx";

const isLocal = () => ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

const Command = ({ text, what }: { text: string; what: string }) => (
  <div class="command">
    <pre class="log">{text}</pre>
    <Copy text={text} what={what} />
  </div>
);

/** Where devices reach the server; over plain HTTP they do not. */
const serverFor = () =>
  location.protocol === "https:" ? location.origin : "https://THE-ADDRESS-FOR-DEVICES-OF-NPM-START";

/** What makes a device ask, with the token of the tenant in its place. */
export function Commands() {
  const tenant = useResource("tenant", async (signal) =>
    bodyOf(await api.GET("/api/management/v1/tenantadm/user/tenant", { signal })),
  );
  return (
    <>
      {isLocal() && (
        <>
          <p>A simulated one, in another terminal, beside the server:</p>
          <Command text="npm run demo -- --device" what="the command for a simulated device" />
        </>
      )}
      <p>{isLocal() ? "Or a real one" : "On the device"}, with the Mender client installed:</p>
      <Loaded of={tenant}>
        {({ tenant_token: token = "THE-TENANT-TOKEN" }) => (
          <Command
            text={[
              "sudo mender-setup --quiet --demo=false",
              `  --server-url ${serverFor()}`,
              `  --tenant-token ${token}`,
              "  --device-type YOUR-TYPE-OF-BOARD",
              "sudo systemctl restart mender-authd mender-updated",
            ]
              .join(" \\\n")
              .replace("BOARD \\\n", "BOARD\n")}
            what="the commands for a real device"
          />
        )}
      </Loaded>
      <p class="quiet">This page sees by itself when it has asked.</p>
    </>
  );
}
