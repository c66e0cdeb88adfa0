/** What answering cost besides time, as the server counts it. */
export interface Cost {
  roundTrips: number;
  statements: number;
  rowsRead: number;
  rowsWritten: number;
  objectCalls: number;
}

export const NO_COST: Cost = { roundTrips: 0, statements: 0, rowsRead: 0, rowsWritten: 0, objectCalls: 0 };

function numberAfter(text: string, name: string, from: number): number {
  const at = text.indexOf(name, from);
  if (at < 0) return 0;
  let value = 0;
  for (let i = at + name.length; ; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return value;
    value = value * 10 + digit;
  }
}

/** Reads the `Server-Timing` header of a local server; nothing if there is none. */
export function costIn(head: string): Cost | undefined {
  const from = head.indexOf('d1;desc="');
  if (from < 0) return undefined;
  return {
    roundTrips: numberAfter(head, "trips=", from),
    statements: numberAfter(head, "statements=", from),
    rowsRead: numberAfter(head, "read=", from),
    rowsWritten: numberAfter(head, "written=", from),
    objectCalls: numberAfter(head, "objects=", from),
  };
}

export const addCosts = (a: Cost, b: Cost): Cost => ({
  roundTrips: a.roundTrips + b.roundTrips,
  statements: a.statements + b.statements,
  rowsRead: a.rowsRead + b.rowsRead,
  rowsWritten: a.rowsWritten + b.rowsWritten,
  objectCalls: a.objectCalls + b.objectCalls,
});

export const mapCost = (cost: Cost, turn: (value: number, name: keyof Cost) => number): Cost => ({
  roundTrips: turn(cost.roundTrips, "roundTrips"),
  statements: turn(cost.statements, "statements"),
  rowsRead: turn(cost.rowsRead, "rowsRead"),
  rowsWritten: turn(cost.rowsWritten, "rowsWritten"),
  objectCalls: turn(cost.objectCalls, "objectCalls"),
});
