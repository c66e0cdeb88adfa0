import { useLocation } from "preact-iso/router";

export type Query = Readonly<Record<string, string>>;

/** The state of a page that stands in its address. Typing replaces the entry in the history, a decision adds one. */
export function useQuery(): [
  Query,
  (change: Record<string, string | undefined>, how?: "push" | "replace") => void,
] {
  const { path, query, route } = useLocation();
  const set = (change: Record<string, string | undefined>, how: "push" | "replace" = "push") => {
    const next = new URLSearchParams(query);
    for (const [name, value] of Object.entries(change))
      if (value === undefined || value === "") next.delete(name);
      else next.set(name, value);
    const text = next.toString();
    route(text ? `${path}?${text}` : path, how === "replace");
  };
  return [query, set];
}
