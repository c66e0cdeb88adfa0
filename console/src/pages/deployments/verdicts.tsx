import { State, type Tone } from "../../parts/state.tsx";
import { count } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { rolloutOf, type Deployment } from "./model.ts";

const TELLS: Record<string, readonly [tone: Tone, word: string]> = {
  worse: ["bad", "worse than usual"],
  cleared: ["good", "as good as usual"],
  no_evidence: ["idle", "no evidence yet"],
};

const MEASURES: Record<string, string> = {
  failures: "Failures",
  silence: "Silence after the update",
  alerts: "Alerts after the update",
};

/** What the judge found, by what it measures. */
export function Verdicts({ deployment }: { deployment: Deployment }) {
  const verdicts = Object.entries(rolloutOf(deployment).state?.judge ?? {});
  if (verdicts.length === 0) return null;
  return (
    <section class="sheet padded stack">
      <h2>The judge</h2>
      {verdicts.map(([measure, { verdict, evidence, needed, looked }]) => {
        const [tone, word] = TELLS[verdict] ?? ["idle", verdict];
        return (
          <div key={measure} class="row apart">
            <span>{MEASURES[measure] ?? measure}</span>
            <span class="row">
              <State tone={tone}>{word}</State>
              <span class="quiet">
                evidence {count(evidence)} of {count(needed)}
                {looked && (
                  <>
                    , <When at={looked} />
                  </>
                )}
              </span>
            </span>
          </div>
        );
      })}
    </section>
  );
}
