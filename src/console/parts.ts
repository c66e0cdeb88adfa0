/** Ours: no client of the wire depends on it. */
export const BASE = "/api/management/v1/console";

export const tags = ["console"];
