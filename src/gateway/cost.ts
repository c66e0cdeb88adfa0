import type { DatabaseCost } from "../platform/database.ts";

/** What a request cost, for tests and for curiosity on a local server. */
export const costHeaders = ({
  roundTrips,
  statements,
  rowsRead,
  rowsWritten,
  longestMs,
  mostRowsRead,
  objectCalls,
}: DatabaseCost): Record<string, string> => ({
  "Server-Timing": `d1;desc="trips=${roundTrips} statements=${statements} read=${rowsRead} written=${rowsWritten} objects=${objectCalls} longest=${longestMs} most=${mostRowsRead}"`,
});
