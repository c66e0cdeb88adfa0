import { refresh } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { boot, may } from "../../api/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { State, type Tone } from "../../parts/state.tsx";
import { count, counted, percent, plain } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { Outlook } from "../deployments/outlook.tsx";
import { useHome } from "./read.ts";
import { Seen } from "./seen.tsx";
import { Versions } from "./versions.tsx";
import "./home.css";

type HomeAnswer = components["schemas"]["ConsoleHome"];
type Line = HomeAnswer["lines"][number];

/** What a line says, and what is done about it. */
const SAYS: Readonly<Record<Line["kind"], { tone: Tone; says: (line: Line) => string; action: string }>> = {
  deployment_halted: {
    tone: "bad",
    says: ({ name = "", count: failed }) =>
      `${plain(name)} was halted by its own rule: ${count(failed)} failed`,
    action: "Look at it",
  },
  deployment_failing: {
    tone: "bad",
    says: ({ name = "", count: failed }) => `${plain(name)} fails on more than 5 %: ${count(failed)} failed`,
    action: "Look at it",
  },
  alerts_open: {
    tone: "bad",
    says: ({ count: number }) => `${counted(number, "device has", "devices have")} open alerts`,
    action: "See them",
  },
  devices_silent: {
    tone: "warn",
    says: ({ count: number, reason = "" }) =>
      `${count(number)}${reason ? ` ${reason}` : ""} ${number === 1 ? "device has" : "devices have"} fallen silent since yesterday`,
    action: "See them",
  },
  expiring: {
    tone: "warn",
    says: ({ count: number }) => `${counted(number, "thing runs", "things run")} out soon`,
    action: "See them",
  },
  integrations_failing: {
    tone: "warn",
    says: ({ count: number }) =>
      `${counted(number, "integration does", "integrations do")} not take what is sent`,
    action: "See deliveries",
  },
  limit_near: {
    tone: "warn",
    says: ({ name = "", reason = "" }) => `The limit of ${name} is near: ${reason}`,
    action: "See usage",
  },
  devices_pending: {
    tone: "warn",
    says: ({ count: number }) => `${counted(number, "device waits", "devices wait")} to be let in`,
    action: "Decide",
  },
  deployment_paused: {
    tone: "idle",
    says: ({ name = "", reason }) => `${plain(name)} is paused${reason ? `: ${plain(reason)}` : ""}`,
    action: "Look at it",
  },
};

function Lines({ lines, more }: Pick<HomeAnswer, "lines" | "more">) {
  return (
    <ul class="sheet needs" aria-label="What needs you">
      {lines.map((line) => {
        const { tone, says, action } = SAYS[line.kind];
        return (
          <li key={line.kind + line.href}>
            <State tone={tone}>{says(line)}</State>
            <span class="quiet">
              {line.since_ts && (
                <>
                  since <When at={line.since_ts} />
                </>
              )}
            </span>
            <a class="button" href={line.href}>
              {action}
            </a>
          </li>
        );
      })}
      {more > 0 && <li class="quiet">and {counted(more, "more line")}</li>}
    </ul>
  );
}

function Running({ running }: Pick<HomeAnswer, "running">) {
  if (running.length === 0) return <p class="quiet">No deployment is under way.</p>;
  return (
    <ul class="sheet bars" aria-label="Deployments under way">
      {running.map(({ id, name, artifact_name, devices, success, failure, ...told }) => {
        const ended = success + failure;
        return (
          <li key={id}>
            <a href={`/deployments/${id}`}>{plain(name)}</a>
            <span class="quiet">{plain(artifact_name)}</span>
            <meter
              min={0}
              max={Math.max(devices, 1)}
              value={ended}
              aria-label={`${plain(name)}: ${count(ended)} of ${count(devices)} ended`}
            />
            <span class="number">
              {devices > 0 && percent(ended / devices)}
              {failure > 0 && ` · ${count(failure)} failed`}
              {(told.finish_ts ?? told.waits_for) && (
                <span class="quiet">
                  {" · "}
                  <Outlook of={told} />
                </span>
              )}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** To who has just begun; gone once something was deployed. */
function Beginning({ steps }: { steps: NonNullable<HomeAnswer["first"]> }) {
  const all = Object.values(steps);
  return (
    <div class="sheet padded row apart">
      <span>
        <strong>First steps</strong>{" "}
        <span class="quiet">
          {all.filter(Boolean).length} of {all.length} done
        </span>
      </span>
      <a class="button main" href="/welcome">
        {all.some(Boolean) ? "Go on" : "Begin"}
      </a>
    </div>
  );
}

/** What needs whoever is signed in, then what is under way. */
export function Home() {
  const home = useHome();
  return (
    <Page title="Home">
      <Loaded of={home} again={() => refresh("home")}>
        {({ lines, more, running, devices, first, seen, at_ts }) => (
          <>
            {first && <Beginning steps={first} />}
            {lines.length > 0 ? (
              <Lines lines={lines} more={more} />
            ) : (
              <div class="sheet">
                <Empty title="Nothing needs you">
                  <span>
                    looked <When at={at_ts} />, for {plain(boot.value?.user.email ?? "")}
                  </span>
                </Empty>
              </div>
            )}
            {may("devices:read") && (
              <p class="row">
                {(["accepted", "pending", "rejected"] as const).map((status) => (
                  <a
                    key={status}
                    class="chip"
                    href={`/devices?${new URLSearchParams({ q: `status:${status}` })}`}
                  >
                    {count(devices[status])} {status}
                  </a>
                ))}
              </p>
            )}
            {may("deployments:read") && (
              <>
                <h2>Under way</h2>
                <Running running={running} />
              </>
            )}
            {seen && (
              <>
                <h2>Devices heard of, hour by hour</h2>
                <Seen seen={seen} />
              </>
            )}
            {may("devices:read") && <Versions />}
          </>
        )}
      </Loaded>
    </Page>
  );
}
