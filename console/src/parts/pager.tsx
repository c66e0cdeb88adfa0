import { count } from "./text.ts";

/** Pages of a list; `total` is unknown where counting would take long. */
export function Pager({
  page,
  perPage,
  shown,
  total,
  isLeast = false,
  go,
}: {
  page: number;
  perPage: number;
  shown: number;
  total?: number | undefined;
  /** There are more than `total`. */
  isLeast?: boolean | undefined;
  go: (page: number) => void;
}) {
  const first = (page - 1) * perPage + 1;
  const last = first + shown - 1;
  const hasNext = total === undefined || isLeast ? shown === perPage : last < total;
  return (
    <nav class="row apart" aria-label="Pages">
      <span class="quiet">
        {shown === 0 ? "none here" : `${count(first)}–${count(last)}`}
        {total !== undefined && shown > 0 && ` of ${isLeast ? "at least " : ""}${count(total)}`}
      </span>
      <span class="row">
        <button type="button" class="button" disabled={page <= 1} onClick={() => go(page - 1)}>
          Previous
        </button>
        <button type="button" class="button" disabled={!hasNext} onClick={() => go(page + 1)}>
          Next
        </button>
      </span>
    </nav>
  );
}
