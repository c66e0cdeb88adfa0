import { deviceIdOf } from "../fleet/device.ts";
import { spread, type Members } from "../fleet/members.ts";
import { headerOf, type Answer } from "../load/answer.ts";
import { isEmpty, isLater, isToken, type Check } from "./checks.ts";
import { authentication, inventory, updateCheck } from "./requests.ts";
import type { Step, Workload } from "./workload.ts";

const DEFAULT_WAIT_S = 5;

/** Sends again what was refused for the time being, when the answer said to. */
const obeying = (bytes: string, check: Check, then: (answer: Answer) => Step | undefined): Step => ({
  bytes,
  problem: (answer) => (answer.status === 429 ? isLater(answer) : check(answer)),
  then: (answer) => {
    if (answer.status !== 429) return answer.status < 400 ? then(answer) : undefined;
    const waitS = Number(headerOf(answer, "retry-after")) || DEFAULT_WAIT_S;
    return { ...obeying(bytes, check, then), waitMs: waitS * 1000 };
  },
});

/** Devices that were cut off come back: each asks for a token, then for work, then reports its inventory. */
export function reconnects(members: Members): Workload {
  const end = () => undefined;
  const turn = (number: number): Step => {
    const index = spread(number, members.plan.keyHolders);
    const report = (token: string) => obeying(inventory(token, index), isEmpty(200), end);
    const ask = (token: string) => obeying(updateCheck(token), isEmpty(204), () => report(token));
    return obeying(authentication(members, index), isToken(deviceIdOf(index)), ({ body }) => ask(body));
  };
  return { allowed: [200, 204, 429], turn };
}
