import { deviceIdOf, FIRST_RELEASE } from "../fleet/device.ts";
import { spread, type Members } from "../fleet/members.ts";
import { isEmpty, isOk, isToken } from "./checks.ts";
import { authentication, inventory, updateCheck } from "./requests.ts";
import { withoutBody, type Workload } from "./workload.ts";

/** The measure of all others: the same server, and nothing to do. */
export function doNothing(): Workload {
  const step = { bytes: withoutBody("GET", "/healthz"), problem: isOk };
  return { allowed: [200], turn: () => step };
}

/** A device asks for an update, and there is none for it. */
export function idleCheck({ plan, token }: Members, of: "speakers" | "outsiders"): Workload {
  const problem = isEmpty(204);
  const count = Math.min(plan.speakers, plan[of]);
  const turn = (number: number) => ({ bytes: updateCheck(token(spread(number, count))), problem });
  return { allowed: [204], turn };
}

/** The same by devices that are not among the speakers, each of them once. */
export function firstCheck({ plan, token }: Members): Workload {
  const problem = isEmpty(204);
  const turn = (number: number) => {
    const index = plan.speakers + number;
    return index < plan.devices ? { bytes: updateCheck(token(index)), problem } : undefined;
  };
  return { allowed: [204], turn };
}

export function unchangedInventory(members: Members): Workload {
  const problem = isEmpty(200);
  const turn = (number: number) => {
    const index = spread(number, members.plan.speakers);
    return { bytes: inventory(members.token(index), index), problem };
  };
  return { allowed: [200], turn };
}

/** One value is another than in the report before. */
export function changedInventory(members: Members): Workload {
  const problem = isEmpty(200);
  const turn = (number: number) => {
    const index = spread(number, members.plan.speakers);
    const temperature = (42 + number / 100).toFixed(2);
    return { bytes: inventory(members.token(index), index, FIRST_RELEASE, temperature), problem };
  };
  return { allowed: [200], turn };
}

/** An accepted device asks for a new token. */
export function authentications(members: Members): Workload {
  const turn = (number: number) => {
    const index = spread(number, members.plan.keyHolders);
    return { bytes: authentication(members, index), problem: isToken(deviceIdOf(index)) };
  };
  return { allowed: [200], turn };
}
