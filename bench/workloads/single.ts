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
export function idleCheck(members: Members, of: "devices" | "outsiders"): Workload {
  const problem = isEmpty(204);
  const turn = (number: number) => {
    const token = members.token(spread(number, members.plan[of]));
    return { bytes: updateCheck(token), problem };
  };
  return { allowed: [204], turn };
}

export function unchangedInventory(members: Members): Workload {
  const problem = isEmpty(200);
  const turn = (number: number) => {
    const index = spread(number, members.plan.devices);
    return { bytes: inventory(members.token(index), index), problem };
  };
  return { allowed: [200], turn };
}

/** One value is another than in the report before. */
export function changedInventory(members: Members): Workload {
  const problem = isEmpty(200);
  const turn = (number: number) => {
    const index = spread(number, members.plan.devices);
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
