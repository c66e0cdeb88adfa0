import { useLocation } from "preact-iso/router";
import { useQuery } from "./address.ts";
import { Check } from "./field.tsx";

/** Whether the times of the page are told in UTC, not by the clock of who looks: so says its address. */
export const useIsUtc = (): boolean => useLocation().query.tz === "utc";

/** Makes an address of the same report one with the same zone. */
export function useKeepZone(): (path: string) => string {
  const isUtc = useIsUtc();
  return (path) => (isUtc ? `${path}${path.includes("?") ? "&" : "?"}tz=utc` : path);
}

/** On reports, which people send to others. */
export function ZoneSwitch() {
  const [query, set] = useQuery();
  return (
    <Check
      label="Times in UTC"
      isOn={query.tz === "utc"}
      set={(isUtc) => set({ tz: isUtc ? "utc" : undefined })}
    />
  );
}
