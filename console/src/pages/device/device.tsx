import { useRoute } from "preact-iso/router";
import { useEffect } from "preact/hooks";
import { api } from "../../api/client.ts";
import { has, may } from "../../api/session.ts";
import { lookAt, onlookers } from "../../live/live.ts";
import { deviceName, statusTone } from "../../parts/device.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { counted, lasting, plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { telling } from "../../parts/toast.tsx";
import { Access } from "./access.tsx";
import { Configuration } from "./configuration.tsx";
import { Deployments } from "./deployments.tsx";
import { Files } from "./files.tsx";
import { Inventory } from "./inventory.tsx";
import { type ConsoleDevice, refreshDevice, useDevice } from "./read.ts";
import { Terminal } from "./terminal.tsx";
import { Timeline } from "./timeline.tsx";
import "./device.css";

const canConnect = (): boolean => may("devices:connect") && has("terminal");

const TABS = [
  { path: "", title: "Timeline", isFor: () => true, Tab: Timeline },
  { path: "deployments", title: "Deployments", isFor: () => may("deployments:read"), Tab: Deployments },
  { path: "inventory", title: "Inventory", isFor: () => true, Tab: Inventory },
  {
    path: "configuration",
    title: "Configuration",
    isFor: () => may("devices:configure") && has("configuration"),
    Tab: Configuration,
  },
  { path: "terminal", title: "Terminal", isFor: canConnect, Tab: Terminal },
  { path: "files", title: "Files", isFor: canConnect, Tab: Files },
  { path: "access", title: "Access", isFor: () => true, Tab: Access },
] as const;

/** In a sentence: when it was heard of, and whether that is unusual. */
function Seen({ of: { last_seen, usual_silence_s, silent } }: { of: ConsoleDevice["seen"] }) {
  if (last_seen === undefined) return <span class="quiet">never heard of</span>;
  return (
    <span>
      {silent ? <State tone="warn">silent</State> : null} seen <When at={last_seen} />
      {usual_silence_s !== undefined && `, usually within ${lasting(usual_silence_s)}`}
    </span>
  );
}

function Head({ of }: { of: ConsoleDevice }) {
  const { device, seen, connection, group, open_alerts } = of;
  const value = (name: string) =>
    of.attributes.find((one) => one.scope === "inventory" && one.name === name)?.value;
  return (
    <div class="row device-head">
      <State tone={statusTone(device.status)}>{device.status}</State>
      <Seen of={seen} />
      {connection.connected ? (
        <State tone="good">connected</State>
      ) : (
        <span class="quiet">
          not connected
          {connection.since_ts && (
            <>
              {" "}
              since <When at={connection.since_ts} />
            </>
          )}
        </span>
      )}
      <span>{String(value("device_type") ?? "type unknown")}</span>
      <span>{String(value("artifact_name") ?? "release unknown")}</span>
      {group && <a href={`/devices?${new URLSearchParams({ q: `group:${group}` })}`}>group {group}</a>}
      {open_alerts.length > 0 && (
        <State tone="bad">
          {open_alerts.length === 1 ? "1 open alert" : `${open_alerts.length} open alerts`}
        </State>
      )}
      <code title={device.id}>{shortId(device.id)}</code>
    </div>
  );
}

/** What a connected device can be asked for. */
function Asking({ id, isConnected }: { id: string; isConnected: boolean }) {
  const params = { path: { id } };
  const title = isConnected ? undefined : "The device is not connected.";
  return (
    <>
      <button
        type="button"
        class="button"
        disabled={!isConnected}
        title={title}
        onClick={() =>
          void telling(
            () => api.POST("/api/management/v1/deviceconnect/devices/{id}/check-update", { params }),
            "It was asked to look for an update.",
          )
        }
      >
        Check for update
      </button>
      <button
        type="button"
        class="button"
        disabled={!isConnected}
        title={title}
        onClick={() =>
          void telling(
            () => api.POST("/api/management/v1/deviceconnect/devices/{id}/send-inventory", { params }),
            "It was asked for its inventory.",
          )
        }
      >
        Send inventory
      </button>
    </>
  );
}

/** Others who have this page open. */
function AlsoHere() {
  const { users = [], more = 0 } = onlookers.value ?? {};
  if (users.length === 0) return null;
  return (
    <p class="quiet">
      Also open at {users.map(plain).join(", ")}
      {more > 0 && ` and ${counted(more, "other")}`}
    </p>
  );
}

export function Device() {
  const { params } = useRoute();
  const id = params.id ?? "";
  useEffect(() => {
    lookAt(id);
    return () => lookAt(undefined);
  }, [id]);
  const found = useDevice(id);
  const { data } = found;
  const title = data ? deviceName({ id, attributes: data.attributes }) : shortId(id);
  const shown = TABS.filter(({ isFor }) => isFor());
  const pathOf = (path: string) => `/devices/${id}${path && `/${path}`}`;
  const tab = shown.find(({ path }) => path === (params.tab ?? "")) ?? TABS[0];
  return (
    <Page
      title={title}
      actions={data && canConnect() && <Asking id={id} isConnected={data.connection.connected} />}
    >
      <Loaded of={found} again={() => refreshDevice(id)}>
        {(of) => (
          <>
            <Head of={of} />
            <AlsoHere />
            <Tabs
              label="About this device"
              at={pathOf(tab.path)}
              tabs={shown.map(({ path, title: name }) => ({ path: pathOf(path), title: name }))}
            />
            <tab.Tab id={id} of={of} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
