import type { Members } from "../fleet/members.ts";
import { isEmpty, isInstruction } from "./checks.ts";
import { inventory, statusReport, updateCheck } from "./requests.ts";
import type { Step, Workload } from "./workload.ts";

/** The devices of one deployment, by index, and what it takes them from and to. */
export interface Update {
  first: number;
  count: number;
  from: string;
  to: string;
}

const STATUSES = ["downloading", "installing", "rebooting", "success"];

/** The requests after the instructions, last to first, so that each knows its follower. */
function rest(token: string, index: number, deployment: string, to: string): Step {
  const report: Step = { bytes: inventory(token, index, to), problem: isEmpty(200) };
  const check: Step = { bytes: updateCheck(token, to), problem: isEmpty(204), then: () => report };
  return STATUSES.reduceRight<Step>(
    (next, status) => ({
      bytes: statusReport(token, deployment, status),
      problem: isEmpty(204),
      then: () => next,
    }),
    check,
  );
}

/** A device's whole update, once for each device of the deployment: seven requests besides the download. */
export function wholeUpdate(members: Members, { first, count, from, to }: Update): Workload {
  let begun = 0;
  const turn = (): Step | undefined => {
    if (begun >= count) return undefined;
    const index = (first + begun++) % members.plan.devices;
    const token = members.token(index);
    return {
      bytes: updateCheck(token, from),
      problem: isInstruction(to),
      then: ({ status, body }) => {
        if (status !== 200) throw new Error(`device ${index} was given no deployment: ${status} ${body}`);
        const { id }: { id: string } = JSON.parse(body);
        return rest(token, index, id, to);
      },
    };
  };
  return { allowed: [200, 204], turn };
}
