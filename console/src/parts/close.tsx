/** Closes the sheet that it stands in. */
export const Close = () => (
  <form method="dialog">
    <button type="submit" class="button">
      Close
    </button>
  </form>
);
