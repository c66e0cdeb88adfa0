import { SUBJECTS, type JournaledTable, type Subject } from "../../src/tenantdata/journal/subjects.ts";

const row = (of: "NEW" | "OLD", columns: readonly string[]) =>
  columns.map((column) => `${of}.${column}`).join(", ");

/** How a row says that it was changed. */
const touch = ({ name, key }: Subject, of: "NEW" | "OLD", table: string): string => {
  const seen = table === "inventory_devices" && of === "NEW" ? "NEW.updated_ms" : "NULL";
  return `  INSERT INTO journal_touches VALUES (${of}.tenant_id, '${name}', json_array(${row(of, key)}), ${seen});`;
};

const conditionOf = ({ compared, told, broughtBy }: JournaledTable): string => {
  const changed = (columns: readonly string[], is: string) =>
    `(${row("NEW", columns)}) ${is} (${row("OLD", columns)})`;
  if (compared) return `\nWHEN ${changed(compared, "IS NOT")}`;
  if (told) return `\nWHEN ${changed(told, "IS")}`;
  if (broughtBy)
    return `
WHEN NOT EXISTS (SELECT 1 FROM journals j JOIN journal_marks m ON m.tenant_id = j.tenant_id AND m.page = j.page
  AND m.subject = 'device-deployment' AND m.key = json_array(${row("NEW", broughtBy)}) WHERE j.tenant_id = NEW.tenant_id)`;
  return "";
};

function triggersOf(subject: Subject, table: JournaledTable): string[] {
  const { name, watched, compared } = table;
  const columns = watched ?? compared;
  const of = columns ? ` OF ${columns.join(", ")}` : "";
  const trigger = (what: string, event: string, side: "NEW" | "OLD", condition = "") =>
    `CREATE TRIGGER journal_${name}_${what} AFTER ${event} ON ${name}${condition}\nBEGIN\n${touch(subject, side, name)}\n END`;
  return [
    trigger("added", "INSERT", "NEW", table.broughtBy ? conditionOf(table) : ""),
    trigger("changed", `UPDATE${of}`, "NEW", conditionOf(table)),
    trigger("removed", "DELETE", "OLD"),
  ];
}

/** The triggers by which each change of a journaled table leaves a mark. */
export const journalTriggers = (): string[] =>
  SUBJECTS.flatMap((subject) => subject.tables.flatMap((table) => triggersOf(subject, table)));
