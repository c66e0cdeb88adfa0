/** One page of a list. `total` is unknown where the server does not count. */
export interface Listed<Row> {
  rows: Row[];
  total: number | undefined;
}

/** An answer that is a list, with the number of all that there are. */
export function listed<Row>({ data, response }: { data?: Row[]; response: Response }): Listed<Row> {
  const total = response.headers.get("x-total-count");
  return { rows: data ?? [], total: total === null ? undefined : Number(total) };
}
