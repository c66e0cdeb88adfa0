export type Scope = "system" | "identity" | "inventory" | "monitor" | "tags";

export interface Attribute {
  scope: Scope;
  attribute: string;
  /** Its values are times, which are asked for by age or date. */
  isTime?: boolean;
}

/** Short words for what is asked for often; everything else is named `scope.name`, or is of the inventory. */
const SHORT: Readonly<Record<string, Attribute>> = {
  status: { scope: "identity", attribute: "status" },
  id: { scope: "identity", attribute: "id" },
  type: { scope: "inventory", attribute: "device_type" },
  release: { scope: "inventory", attribute: "artifact_name" },
  group: { scope: "system", attribute: "group" },
  tier: { scope: "system", attribute: "tier" },
  seen: { scope: "system", attribute: "check_in_time", isTime: true },
  created: { scope: "system", attribute: "created_ts", isTime: true },
  updated: { scope: "system", attribute: "updated_ts", isTime: true },
  alerts: { scope: "monitor", attribute: "alerts" },
};

const SCOPES: Readonly<Record<string, Scope>> = {
  system: "system",
  identity: "identity",
  inventory: "inventory",
  monitor: "monitor",
  tag: "tags",
};

export const SHORT_WORDS: readonly string[] = Object.keys(SHORT);

export function attributeOf(word: string): Attribute {
  const short = Object.hasOwn(SHORT, word) ? SHORT[word] : undefined;
  if (short) return short;
  const dot = word.indexOf(".");
  const first = word.slice(0, dot);
  const scope = dot > 0 && Object.hasOwn(SCOPES, first) ? SCOPES[first] : undefined;
  const attribute = word.slice(dot + 1);
  return scope && attribute !== "" ? { scope, attribute } : { scope: "inventory", attribute: word };
}

/** The word for an attribute: `attributeOf` gives the attribute back. */
export function wordFor(scope: string, attribute: string): string {
  const short = Object.entries(SHORT).find(
    ([, known]) => known.scope === scope && known.attribute === attribute,
  );
  if (short) return short[0];
  if (scope === "tags") return `tag.${attribute}`;
  const back = attributeOf(attribute);
  return scope === "inventory" && back.scope === scope && back.attribute === attribute
    ? attribute
    : `${scope}.${attribute}`;
}
