/** One page of a list. `total` is unknown where the server does not count. */
export interface Listed<Row> {
  rows: Row[];
  total: number | undefined;
  /** There are more than that: they are being counted. */
  isLeast?: boolean;
}

export const isLeast = ({ headers }: Response): boolean => headers.get("x-total-count-is") === "at-least";

/** An answer that is a list, with the number of all that there are. */
export function listed<Row>({ data, response }: { data?: Row[]; response: Response }): Listed<Row> {
  const total = response.headers.get("x-total-count");
  return { rows: data ?? [], total: total === null ? undefined : Number(total), isLeast: isLeast(response) };
}
