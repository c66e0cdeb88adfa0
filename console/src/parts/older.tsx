/** Through a list that is read from the newest on, by cursor. */
export const Older = ({
  cursor,
  next,
  go,
}: {
  cursor: string | undefined;
  next: string | undefined;
  go: (cursor: string | undefined) => void;
}) => (
  <div class="row">
    {cursor !== undefined && (
      <button type="button" class="button" onClick={() => go(undefined)}>
        Newest
      </button>
    )}
    {next !== undefined && (
      <button type="button" class="button" onClick={() => go(next)}>
        Older
      </button>
    )}
  </div>
);
