import { Fault } from "../platform/fault.ts";
import { refuseInvalid } from "../platform/wire.ts";
import { NewDeployment, NewDynamicDeployment, NewGroupDeployment } from "./create-schema.ts";
import type { Wanted } from "./create-targets.ts";

const BODY = "Validating request body: ";

/** The body of a creation in whatever form, by whom it is for. */
export function wantedOf({ group, ...body }: Record<string, unknown>): Omit<Wanted, "idempotencyKey"> {
  const refuse = refuseInvalid(BODY);
  if (body.filter_id !== undefined) {
    const parsed = NewDynamicDeployment.safeParse(body);
    if (!parsed.success) throw refused(refuse, parsed);
    const { filter_id: id, max_devices: maxDevices = 0, ...definition } = parsed.data;
    return { definition, filter: { id, maxDevices } };
  }
  const parsed = (group === undefined ? NewDeployment : NewGroupDeployment).safeParse(body);
  if (!parsed.success) throw refused(refuse, parsed);
  if (group === undefined) return { definition: parsed.data };
  if (typeof group !== "string") throw new Fault("bad_request", `${BODY}group: must be a text.`);
  return { definition: parsed.data, group };
}

/** The refusal, which the hook throws. */
function refused(refuse: ReturnType<typeof refuseInvalid>, parsed: Parameters<typeof refuse>[0]): Error {
  refuse(parsed);
  return new Error("a body that is not valid was not refused");
}
