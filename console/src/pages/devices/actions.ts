import { api, bodyOf } from "../../api/client.ts";

/** What came of an action on some devices. */
export interface Outcome {
  done: number;
  /** Why not, and for how many. */
  failed: ReadonlyMap<string, number>;
}

export interface Action {
  name: string;
  /** What it does, before it does it. */
  told: string;
  isRisky?: boolean;
  wantsGroup?: boolean;
  /** Devices of one call. */
  atOnce: number;
  run: (ids: readonly string[], group: string) => Promise<Outcome>;
}

const outcomeOf = (errors: readonly (string | undefined)[]): Outcome => {
  const failed = new Map<string, number>();
  for (const error of errors) if (error !== undefined) failed.set(error, (failed.get(error) ?? 0) + 1);
  return { done: errors.filter((error) => error === undefined).length, failed };
};

const setStatus = (status: "accepted" | "rejected") => async (ids: readonly string[]) => {
  const { results } = bodyOf(
    await api.POST("/api/management/v2/devauth/bulk/status", {
      body: { status, devices: ids.map((id) => ({ id })) },
    }),
  );
  return outcomeOf(
    results.map(({ status: code, error }) => (code < 400 ? undefined : (error ?? `answered ${code}`))),
  );
};

async function decommission(ids: readonly string[]): Promise<Outcome> {
  const ended = await Promise.allSettled(
    ids.map((id) => api.DELETE("/api/management/v2/devauth/devices/{id}", { params: { path: { id } } })),
  );
  return outcomeOf(
    ended.map((one) => (one.status === "fulfilled" ? undefined : String((one.reason as Error).message))),
  );
}

async function putIntoGroup(ids: readonly string[], name: string): Promise<Outcome> {
  const { matched_count = 0 } = bodyOf(
    await api.PATCH("/api/management/v1/inventory/groups/{name}/devices", {
      params: { path: { name } },
      body: [...ids],
    }),
  );
  const gone = ids.length - matched_count;
  return { done: matched_count, failed: new Map(gone > 0 ? [["not in the inventory", gone]] : []) };
}

export const ACTIONS: readonly Action[] = [
  {
    name: "Accept",
    told: "They get tokens and may ask for updates.",
    atOnce: 100,
    run: setStatus("accepted"),
  },
  {
    name: "Reject",
    told: "They get no tokens; those they have end at once.",
    atOnce: 100,
    run: setStatus("rejected"),
  },
  {
    name: "Put into a group",
    told: "A device is in one static group: it leaves the one that it is in.",
    wantsGroup: true,
    atOnce: 200,
    run: putIntoGroup,
  },
  {
    name: "Decommission",
    told: "They are forgotten with their inventory and history. One that asks again is new, and waits to be accepted.",
    isRisky: true,
    atOnce: 5,
    run: decommission,
  },
];

/** Adds up what came of the parts. */
export const together = (a: Outcome, b: Outcome): Outcome => {
  const failed = new Map(a.failed);
  for (const [why, number] of b.failed) failed.set(why, (failed.get(why) ?? 0) + number);
  return { done: a.done + b.done, failed };
};
