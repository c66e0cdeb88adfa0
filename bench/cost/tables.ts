import { monthOf, usageOfMonth, type Assumptions, type Month } from "./fleet.ts";
import type { Operations } from "./operations.ts";
import type { Meter, Usage } from "./prices.ts";
import { marginalUsd, monthlyBillUsd, times, usdOf } from "./usage.ts";

const FLEETS = [100, 10_000, 100_000, 1_000_000, 10_000_000];
const MOST_USD_PER_MILLION_CHECKS = 0.5;

const MILLION = 1e6;

const usd = (value: number) =>
  value.toLocaleString("en", {
    minimumFractionDigits: value < 100 ? 2 : 0,
    maximumFractionDigits: value < 100 ? 2 : 0,
  });
const usd3 = (value: number) => value.toFixed(3);
const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const rule = (columns: number) => row(["---", ...Array.from({ length: columns - 1 }, () => "---:")]);

const GROUPS: readonly (readonly [string, readonly Meter[]])[] = [
  ["requests", ["workerRequests"]],
  ["CPU", ["workerCpuMs"]],
  ["rows read", ["d1RowsRead"]],
  ["rows written", ["d1RowsWritten", "objectRowsWritten"]],
  ["objects", ["objectRequests", "objectDurationGbS"]],
  ["queue, R2", ["queueOperations", "r2ReadOperations", "r2WriteOperations", "r2StorageGbMonths"]],
];

function operationRow(name: string, used: Usage): string {
  const million = times(used, MILLION);
  const groups = GROUPS.map(([, meters]) =>
    usd3(meters.reduce((total, meter) => total + usdOf(meter, million[meter]), 0)),
  );
  return row([name, ...groups, `**${usd3(marginalUsd(million))}**`]);
}

/** A check with its share of the head that is awake for all of them, in a fleet of this size. */
const checkShare = (devices: number, operations: Operations, a: Assumptions): Usage => {
  const { checking, checks } = monthOf(devices, operations, a);
  return times(checking, 1 / checks);
};

const SMALL_FLEET = 100;
const STRICT_FLEET = 100_000;
const RELAXED_FLEET = 1_000_000;

const idleCheck = (mode: "strict" | "relaxed", devices: number, operations: Operations, a: Assumptions) => ({
  name: `idle check, ${mode} (${devices.toLocaleString("en")} devices)`,
  used: checkShare(devices, operations, a),
});

/** The idle checks of either mode, each in a fleet that is served so. */
const idleChecks = (operations: Operations, a: Assumptions) => [
  idleCheck("strict", STRICT_FLEET, operations, a),
  idleCheck("relaxed", RELAXED_FLEET, operations, a),
];

export function perMillionTable(operations: Operations, a: Assumptions): string {
  const rows = [
    idleCheck("strict", SMALL_FLEET, operations, a),
    ...idleChecks(operations, a),
    { name: "inventory report, unchanged", used: operations.unchangedReport },
    { name: "inventory report, one value changed", used: operations.changedReport },
    { name: "re-authentication", used: operations.authentication },
    { name: "whole update with download", used: operations.update },
    { name: "day of a device's last contact", used: operations.dailyStamp },
  ];
  const names = GROUPS.map(([name]) => name);
  return [
    row(["US$ per million", ...names, "sum"]),
    rule(names.length + 2),
    ...rows.map(({ name, used }) => operationRow(name, used)),
  ].join("\n");
}

const SPENT_ON: readonly (readonly [string, (month: Month) => Usage])[] = [
  ["idle checks", (month) => month.checking],
  ["last contacts", (month) => month.presence],
  ["inventory reports", (month) => month.reports],
  ["re-authentication", (month) => month.authentications],
  ["updates", (month) => month.updates],
  ["journals", (month) => month.journals],
  ["database storage", (month) => month.storage],
];

export function monthlyTable(operations: Operations, a: Assumptions): string {
  const months = FLEETS.map((devices) => ({ devices, month: monthOf(devices, operations, a) }));
  const line = (name: string, of: (month: Month, devices: number) => string) =>
    row([name, ...months.map(({ month, devices }) => of(month, devices))]);
  const bill = (month: Month) => monthlyBillUsd(usageOfMonth(month));
  return [
    row(["US$ a month", ...FLEETS.map((devices) => `${devices.toLocaleString("en")} devices`)]),
    rule(FLEETS.length + 1),
    line("checks are", ({ isRelaxed }) => (isRelaxed ? "relaxed" : "strict")),
    ...SPENT_ON.map(([name, of]) => line(name, (month) => usd(marginalUsd(of(month))))),
    line("together, as if nothing were included", (month) => usd(marginalUsd(usageOfMonth(month)))),
    line("**bill** (plan, less what it includes)", (month) => `**${usd(bill(month))}**`),
    line("bill for one device", (month, devices) => (bill(month) / devices).toFixed(5)),
  ].join("\n");
}

/** Of what a fleet costs, what journals may be. */
const MOST_OF_JOURNALS = 0.15;

function journalGoal(operations: Operations, a: Assumptions): { line: string; isHeld: boolean } {
  const shares = FLEETS.map((devices) => {
    const month = monthOf(devices, operations, a);
    return marginalUsd(month.journals) / marginalUsd(usageOfMonth(month));
  });
  const [most, limit] = [Math.max(...shares), MOST_OF_JOURNALS].map(
    (share) => `${(share * 100).toFixed(1)} %`,
  );
  const isHeld = Math.max(...shares) <= MOST_OF_JOURNALS;
  return {
    isHeld,
    line: `${isHeld ? "ok  " : "OVER"} journals, of what a fleet costs: ${most} (goal: at most ${limit})`,
  };
}

/** Lines that say whether idle checks and journals cost what they may. */
export function goalLines(operations: Operations, a: Assumptions): { line: string; isHeld: boolean }[] {
  return [...checkGoals(operations, a), journalGoal(operations, a)];
}

function checkGoals(operations: Operations, a: Assumptions): { line: string; isHeld: boolean }[] {
  return idleChecks(operations, a).map(({ name, used }) => {
    const perMillion = marginalUsd(times(used, MILLION));
    const isHeld = perMillion <= MOST_USD_PER_MILLION_CHECKS;
    const limit = MOST_USD_PER_MILLION_CHECKS.toFixed(2);
    return {
      isHeld,
      line: `${isHeld ? "ok  " : "OVER"} a million of ${name}: $${usd3(perMillion)} (goal: at most $${limit})`,
    };
  });
}
