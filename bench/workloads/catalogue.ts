import type { Members } from "../fleet/members.ts";
import { reconnects } from "./reconnect.ts";
import {
  authentications,
  changedInventory,
  doNothing,
  firstCheck,
  idleCheck,
  unchangedInventory,
} from "./single.ts";
import { wholeUpdate, type Update } from "./update.ts";
import type { Workload } from "./workload.ts";

/** A workload as the generator is told it, which is another process. */
export type WorkloadName =
  | "do-nothing"
  | "idle-check"
  | "first-check"
  | "outsider-check"
  | "inventory-unchanged"
  | "inventory-changed"
  | "authentication"
  | "reconnect"
  | "update";

export interface Ordered {
  name: WorkloadName;
  /** For `update` only. */
  update?: Update;
}

export function workloadOf(members: Members, { name, update }: Ordered): Workload {
  switch (name) {
    case "do-nothing":
      return doNothing();
    case "idle-check":
      return idleCheck(members, "speakers");
    case "first-check":
      return firstCheck(members);
    case "outsider-check":
      return idleCheck(members, "outsiders");
    case "inventory-unchanged":
      return unchangedInventory(members);
    case "inventory-changed":
      return changedInventory(members);
    case "authentication":
      return authentications(members);
    case "reconnect":
      return reconnects(members);
    case "update":
      if (!update) throw new Error("an update must say whose");
      return wholeUpdate(members, update);
  }
}
