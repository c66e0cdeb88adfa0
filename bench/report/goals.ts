import type { FleetResults, Measured, Results } from "./results.ts";

/** Something promised, and what was measured of it. */
export interface Goal {
  what: string;
  value: number;
  limit: number;
  unit: string;
  /** Counts are the same on every machine, and one that is over fails the run; times are told. */
  kind: "count" | "time";
}

export const isHeld = ({ value, limit }: Goal): boolean => value <= limit;

const MOST_CPU_US = 600;
const TIMES_TOKEN_CPU = 5;
const TIMES_IDLE_CPU = 2;
const TIMES_IDLE_P99 = 10;
const OUTSIDERS_WITHIN = 1.1;
const TIMES_SAME_REPORT_CPU = 3;
const CHANGED_VALUE = { rowsRead: 60, rowsWritten: 5 };
const UPDATE = { roundTrips: 8, rowsRead: 300 };
const CHECK_ONE_IN = 100;

const count = (what: string, value: number, limit: number, unit: string): Goal => ({
  what,
  value,
  limit,
  unit,
  kind: "count",
});
const time = (what: string, value: number, limit: number, unit: string): Goal => ({
  ...count(what, value, limit, unit),
  kind: "time",
});

const p99Times = ({ timing, doNothing }: Measured) => timing.p99Ms / doNothing.p99Ms;

function ofIdleChecks(one: Measured): Goal[] {
  const goals = [
    count("D1 statements", one.mostCost.statements, 0, "at most in one check"),
    count("object calls", one.typicalCost.objectCalls, one.mode === "relaxed" ? 0 : 1, "a check"),
    time("p99 at half load", p99Times(one), TIMES_IDLE_P99, "times doing nothing"),
  ];
  if (one.mode !== "relaxed") return goals;
  return [
    ...goals,
    time("CPU", one.cpuTimesNothing, TIMES_IDLE_CPU, "times doing nothing"),
    time("CPU", one.timing.cpuUs, MOST_CPU_US, "us"),
  ];
}

/** Both are taken as multiples of doing nothing in the same round, because they were not measured in the same minute. */
function ofOutsiders(one: Measured, alone: Measured | undefined): Goal[] {
  if (!alone) return [];
  const same = "the same as W1";
  return [
    count(`D1 statements, ${same}`, one.typicalCost.statements, alone.typicalCost.statements, "a check"),
    count(`object calls, ${same}`, one.typicalCost.objectCalls, alone.typicalCost.objectCalls, "a check"),
    time("CPU", one.cpuTimesNothing / alone.cpuTimesNothing, OUTSIDERS_WITHIN, "times W1"),
  ];
}

function ofMeasured(one: Measured, fleet: FleetResults): Goal[] {
  if (one.id === "W1") return ofIdleChecks(one);
  if (one.id === "W2")
    return [
      count("D1 statements", one.mostCost.statements, 0, "at most in one report"),
      time("CPU", one.cpuTimesNothing, TIMES_SAME_REPORT_CPU, "times doing nothing"),
    ];
  if (one.id === "W3")
    return [
      count("rows read", one.typicalCost.rowsRead, CHANGED_VALUE.rowsRead, "a report"),
      count("rows written", one.typicalCost.rowsWritten, CHANGED_VALUE.rowsWritten, "a report"),
    ];
  if (one.id === "W4")
    return [
      count("D1 statements", one.mostCost.statements, 0, "at most in one request"),
      time("CPU", one.cpuTimesNothing, TIMES_TOKEN_CPU, "times doing nothing"),
    ];
  if (one.id === "W5")
    return [
      count("D1 round trips", one.mostCost.roundTrips, UPDATE.roundTrips, "at most in one update"),
      count("rows read", one.typicalCost.rowsRead, UPDATE.rowsRead, "an update"),
    ];
  if (one.id !== "W6") return [];
  return ofOutsiders(
    one,
    fleet.measured.find(({ id, mode }) => id === "W1" && mode === one.mode),
  );
}

const validity = (one: { answers: number; checked: number; faults: number }): Goal[] => [
  count("wrong answers", one.faults, 0, "in all"),
  count("answers for each that was checked", one.answers / one.checked, CHECK_ONE_IN, "answers"),
];

function ofFleet(fleet: FleetResults): Goal[] {
  const named = (one: { id: string; mode: string }, goals: Goal[]) =>
    goals.map((goal) => ({
      ...goal,
      what: `${one.id} ${one.mode}, ${fleet.devices.toLocaleString("en")} devices: ${goal.what}`,
    }));
  const serverFaults = (statuses: Record<number, number>) =>
    Object.entries(statuses).reduce((sum, [status, times]) => sum + (Number(status) >= 500 ? times : 0), 0);
  return [
    ...fleet.measured.flatMap((one) => named(one, [...ofMeasured(one, fleet), ...validity(one)])),
    ...fleet.waves.flatMap((one) =>
      named(one, [
        count("answers 5xx", serverFaults(one.statuses), 0, "in all"),
        time("devices that are not back in time", one.unfinished, 0, "in all"),
        time("CPU", one.cpuUs, MOST_CPU_US, "us a request"),
        ...validity(one),
      ]),
    ),
  ];
}

export const goalsOf = ({ fleets }: Results): Goal[] => fleets.flatMap(ofFleet);

const rounded = (value: number) => String(Math.round(value * 100) / 100);

export const goalLine = (goal: Goal): string =>
  `${isHeld(goal) ? "ok  " : "OVER"} ${goal.what}: ${rounded(goal.value)} ${goal.unit} (goal: at most ${rounded(goal.limit)})`;
