import type { components } from "../../api/schema.d.ts";
import { count, counted } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";

type Told = Pick<components["schemas"]["DeploymentProgress"], "finish_ts" | "waits_for">;

/** What a phase that does not open by time waits for, in words. */
function waitsInWords({ phase, results, approvals }: NonNullable<Told["waits_for"]>): string {
  const what = [
    results !== undefined && `${count(results)} good enough results of phase ${phase - 1}`,
    approvals !== undefined && counted(approvals, "approval"),
  ].filter((one) => one !== false);
  return `phase ${phase} waits for ${what.join(" and ") || "what comes before it"}`;
}

/** When it will be through, or what comes before that can be told; nothing if neither is known. */
export function Outlook({ of: { finish_ts: finish, waits_for: waits } }: { of: Told }) {
  if (waits) return <span>{waitsInWords(waits)}</span>;
  if (!finish) return null;
  return (
    <span title="As the fleet asks, and as it went so far">
      95 % likely <When at={finish} />
    </span>
  );
}
