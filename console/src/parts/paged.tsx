import type { Listed } from "../api/listed.ts";
import { useQuery } from "./address.ts";
import { Pager } from "./pager.tsx";
import { Table, type TableProps } from "./table.tsx";

/** A page of a list, and the way to the others: which one it is stands in the address. */
export function Paged<Row>({
  list: { rows, total, isLeast },
  perPage,
  ...table
}: Omit<TableProps<Row>, "rows"> & { list: Listed<Row>; perPage: number }) {
  const [{ page = "1" }, setQuery] = useQuery();
  return (
    <>
      <Table rows={rows} {...table} />
      <Pager
        page={Number(page)}
        perPage={perPage}
        shown={rows.length}
        total={total}
        isLeast={isLeast}
        go={(to) => setQuery({ page: to === 1 ? undefined : String(to) })}
      />
    </>
  );
}
