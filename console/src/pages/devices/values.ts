import { useEffect, useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { type Begun, begunValue } from "../../query/begun.ts";
import { printValue } from "../../query/parse.ts";
import { attributeOf } from "../../query/words.ts";

const QUIET_MS = 200;

const STATES = ["accepted", "pending", "preauthorized", "rejected", "noauth"];

async function valuesOf({ name, prefix }: Begun, signal: AbortSignal): Promise<string[]> {
  if (name === "status") return STATES.filter((state) => state.startsWith(prefix));
  if (name === "group") {
    const groups = bodyOf(await api.GET("/api/management/v1/inventory/groups", { signal }));
    return groups.filter((group) => group.startsWith(prefix));
  }
  const { scope, attribute, isTime } = attributeOf(name);
  if (isTime || name === "has" || scope === "system") return [];
  const { data } = await api.GET("/api/management/v1/console/attributes/values", {
    params: { query: { scope, name: attribute, prefix } },
    signal,
  });
  return data ?? [];
}

/** Queries that end in a value that some device has, once somebody has stopped to type for a moment. */
export function useValueCompletions(text: string, isUsed: boolean): string[] {
  const [rested, rest] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => rest(text), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const begun = isUsed ? begunValue(rested) : undefined;
  const found = useResource(begun && `values/${begun.name}/${begun.prefix}`, (signal) =>
    begun ? valuesOf(begun, signal) : Promise.resolve([]),
  );
  if (!begun || rested !== text) return [];
  return (found.data ?? []).map((value) => begun.before + printValue({ text: value, isQuoted: false }));
}
