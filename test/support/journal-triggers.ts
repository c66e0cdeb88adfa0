import { SUBJECTS, type JournaledTable, type Subject } from "../../src/tenantdata/journal/subjects.ts";

const row = (of: "NEW" | "OLD", columns: readonly string[]) =>
  columns.map((column) => `${of}.${column}`).join(", ");

/** How a row says that it was changed. */
const touch = ({ name, key }: Subject, of: "NEW" | "OLD", table: JournaledTable): string => {
  const isSeen = table.name === "inventory_devices" && of === "NEW";
  const keys = `json_array(${row(of, key)})`;
  if (!table.often)
    return `  INSERT INTO journal_touches VALUES (${of}.tenant_id, '${name}', ${keys}, NULL);`;
  return `  INSERT INTO journal_marks (tenant_id, page, subject, key, at_s)
    SELECT j.tenant_id, CASE j.state WHEN 'restoring' THEN RAISE(ABORT, '''refused-being-restored''') ELSE j.page END,
      '${name}', ${keys}, unixepoch()
    FROM journals j
    WHERE j.tenant_id = ${of}.tenant_id AND (j.state = 'restoring' OR j.state = 'on'${isSeen ? " AND NEW.updated_ms <= j.since_ms" : ""})
    ON CONFLICT DO NOTHING;`;
};

const conditionOf = ({ compared, broughtBy }: JournaledTable): string => {
  const changed = (columns: readonly string[], is: string) =>
    `(${row("NEW", columns)}) ${is} (${row("OLD", columns)})`;
  if (compared) return `\nWHEN ${changed(compared, "IS NOT")}`;
  if (broughtBy)
    return `
WHEN NOT EXISTS (SELECT 1 FROM journals j JOIN journal_marks m ON m.tenant_id = j.tenant_id AND m.page = j.page
  AND m.subject = 'device-deployment' AND m.key = json_array(${row("NEW", broughtBy)}) WHERE j.tenant_id = NEW.tenant_id)`;
  return "";
};

function triggersOf(subject: Subject, table: JournaledTable): string[] {
  const { name, watched, compared, told } = table;
  const columns = watched ?? compared ?? told;
  const of = columns ? ` OF ${columns.join(", ")}` : "";
  const trigger = (what: string, event: string, side: "NEW" | "OLD", condition = "") =>
    `CREATE TRIGGER journal_${name}_${what} AFTER ${event} ON ${name}${condition}\nBEGIN\n${touch(subject, side, table)}\n END`;
  return [
    trigger("added", "INSERT", "NEW", table.broughtBy ? conditionOf(table) : ""),
    trigger("changed", `UPDATE${of}`, "NEW", conditionOf(table)),
    trigger("removed", "DELETE", "OLD"),
  ];
}

/** The triggers by which each change of a journaled table leaves a mark. */
export const journalTriggers = (): string[] =>
  SUBJECTS.flatMap((subject) => subject.tables.flatMap((table) => triggersOf(subject, table)));
