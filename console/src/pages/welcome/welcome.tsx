import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { api } from "../../api/client.ts";
import { refresh, useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { attribute, valueText } from "../../parts/device.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { Commands } from "./commands.tsx";
import { useHome } from "../home/read.ts";
import "./welcome.css";

type Steps = NonNullable<components["schemas"]["ConsoleHome"]["first"]>;

const LOOK_MS = 5000;

/** Of the devices that are known, what one is. */
function useType(isWanted: boolean): string {
  const found = useResource(isWanted ? "devices?type" : undefined, async (signal) => {
    const { data } = await api.POST("/api/management/v2/inventory/filters/search", {
      body: {
        page: 1,
        per_page: 1,
        filters: [{ scope: "inventory", attribute: "device_type", type: "$exists", value: true }],
      },
      signal,
    });
    return data ?? [];
  });
  const [device] = found.data ?? [];
  return device ? valueText(attribute(device, "inventory", "device_type")?.value) : "";
}

function useNewest(isWanted: boolean): string {
  const found = useResource(isWanted ? "releases?newest" : undefined, async (signal) => {
    const { data } = await api.GET("/api/management/v2/deployments/deployments/releases", {
      params: { query: { per_page: 1, sort: "modified:desc" } },
      signal,
    });
    return data ?? [];
  });
  return found.data?.[0]?.name ?? "";
}

const addressOf = (path: string, query: Record<string, string>): string => {
  const said = Object.entries(query).filter(([, value]) => value !== "");
  return said.length === 0 ? path : `${path}?${new URLSearchParams(said).toString()}`;
};

function Step({
  title,
  isDone,
  isNext,
  children,
}: {
  title: string;
  isDone: boolean;
  isNext: boolean;
  children: ComponentChildren;
}) {
  return (
    <li class="sheet padded stack" aria-current={isNext ? "step" : undefined}>
      <div class="row apart">
        <h2>{title}</h2>
        <State tone={isDone ? "good" : isNext ? "busy" : "idle"}>
          {isDone ? "done" : isNext ? "next" : "later"}
        </State>
      </div>
      {isNext && children}
    </li>
  );
}

/** Reads again, for what devices do by themselves. */
function useLooking(): void {
  useEffect(() => {
    const timer = setInterval(() => document.hidden || refresh("home"), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
}

function List({ steps }: { steps: Steps }) {
  useLooking();
  const order = ["connected", "accepted", "uploaded", "deployed"] as const;
  const next = order.find((step) => !steps[step]);
  const type = useType(next === "uploaded");
  const release = useNewest(next === "deployed");
  const of = (step: (typeof order)[number]) => ({ isDone: steps[step], isNext: step === next });
  return (
    <ol class="stack steps">
      <Step title="1. A device asks to be let in" {...of("connected")}>
        <Commands />
      </Step>
      <Step title="2. You let it in" {...of("accepted")}>
        <p>It waits until somebody who knows it says that it may.</p>
        <span>
          <a class="button main" href="/admission">
            Look at it
          </a>
        </span>
      </Step>
      <Step title="3. A release" {...of("uploaded")}>
        <p>
          Any file will do for a first one: an artifact is made of it. Its type of device
          {type === "" ? " has to be that of yours." : ` is ${type}, as that of yours.`}
        </p>
        <span>
          <a class="button main" href={addressOf("/releases/upload", { types: type })}>
            Upload a file
          </a>
        </span>
      </Step>
      <Step title="4. A deployment brings it to the device" {...of("deployed")}>
        <p>The device asks for it by itself, installs it, and tells how it went.</p>
        <span>
          <a class="button main" href={addressOf("/deployments/new", { release })}>
            New deployment
          </a>
        </span>
      </Step>
    </ol>
  );
}

/** What a new tenant begins with, ticked off by what there is. */
export function Welcome() {
  const home = useHome();
  return (
    <Page
      title="First steps"
      actions={
        <a class="button" href="/">
          Home
        </a>
      }
    >
      <Loaded of={home} again={() => refresh("home")}>
        {({ first }) =>
          first ? (
            <List steps={first} />
          ) : (
            <Empty title="All of it is done">
              <a class="button main" href="/">
                Home
              </a>
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
