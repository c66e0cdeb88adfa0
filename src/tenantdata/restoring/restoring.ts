import type { Database, Statement } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { batchWithoutPledges } from "../../inventory/index.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { columnsOfStatement } from "../rows-store.ts";
import type { Columns } from "./differences.ts";
import { asOwn } from "./putting-store.ts";
import type { RestorePosition, Walk } from "./restore-position.ts";
import { advanceStatement, demandTurn, type Advance, type RestoreRow } from "./restore-store.ts";
import { PUT_ORDER, tableOf } from "./subjects.ts";

/** A restore at work. */
export class Restoring {
  readonly deps: Deps;
  readonly tenant: TenantId;
  readonly db: Database;
  #row: RestoreRow;
  position: RestorePosition;
  #columns: Columns | undefined;

  constructor(deps: Deps, row: RestoreRow) {
    this.deps = deps;
    this.tenant = row.tenant_id;
    this.db = deps.db(row.tenant_id);
    this.#row = row;
    this.position = JSON.parse(row.position) as RestorePosition; // only this class writes it
  }

  get row(): RestoreRow {
    return this.#row;
  }

  go(walk: Partial<Walk>): void {
    this.position = { ...this.position, walk: { ...this.position.walk, ...walk } };
  }

  /** Does this and writes down how far it is, if nobody else has taken the restore on meanwhile. */
  async commit(
    statements: readonly Statement<unknown>[],
    to: Omit<Advance, "position">,
    inventories: readonly DeviceId[] = [],
  ): Promise<void> {
    const position = JSON.stringify(this.position);
    const nowMs = this.deps.now();
    const advance = advanceStatement(this.#row, { ...to, position }, nowMs);
    const batch = [demandTurn(this.#row), ...statements, advance];
    await batchWithoutPledges(this.deps, this.tenant, inventories, batch);
    this.#row = {
      ...this.#row,
      step: to.step,
      turn: this.#row.turn + 1,
      position,
      cut_ms: to.cutMs === undefined ? this.#row.cut_ms : to.cutMs,
    };
  }

  /** Writes what nobody else may write meanwhile, and the inventories of these devices with it. */
  write(statements: readonly Statement<unknown>[], inventories?: readonly DeviceId[]): Promise<void> {
    return this.commit(asOwn(this.tenant, statements), { step: this.#row.step }, inventories);
  }

  /** What the tables have that are put back. */
  async columns(): Promise<Columns> {
    if (this.#columns) return this.#columns;
    const tables = PUT_ORDER.flatMap((subject) => subject.tables).map(({ name }) => tableOf(name));
    const found = await this.db.one(columnsOfStatement(tables));
    this.#columns = new Map([...found].map(([table, of]) => [table, of.map(({ name }) => name)]));
    return this.#columns;
  }
}
