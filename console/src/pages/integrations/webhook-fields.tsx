import type { components } from "../../api/schema.d.ts";
import { Check, TextField } from "../../parts/field.tsx";
import { counted, plain } from "../../parts/text.ts";
import { parse } from "../../query/parse.ts";
import { isLasting, queryFor, searchFor } from "../../query/search.ts";
import { KINDS, type Webhook } from "./webhook-words.ts";

type Filter = components["schemas"]["WebhookFilter"];
type Terms = NonNullable<Filter["terms"]>;

/** What a webhook is told of, as it is entered. */
export interface Telling {
  types: readonly string[];
  /** Names with commas between them. */
  groups: string;
  /** Conditions as the query bar takes them; undefined if it has no words for those that are kept. */
  query: string | undefined;
  /** What was kept, for where there are no words. */
  terms: Terms;
}

export const AT_FIRST: Telling = {
  types: ["device.*", "deployment.*"],
  groups: "",
  query: "",
  terms: [],
};

export function tellingOf({ types, filter }: Webhook): Telling {
  // It is what was taken before.
  const { groups = [], terms = [] } = filter as Filter;
  return { types, groups: groups.join(", "), query: queryFor(terms), terms };
}

function termsOf({ query, terms }: Telling): Terms {
  if (query === undefined) return terms;
  const parsed = parse(query);
  const { filters, mistakes } = searchFor(parsed, Date.now());
  const told = mistakes[0]?.told;
  if (told !== undefined) throw new Error(`The conditions: ${told}.`);
  if (!isLasting(parsed)) throw new Error("The conditions: neither words, nor “or”, nor ages hold for ever.");
  return filters as Terms;
}

/** As the server takes it; throws what is wrong with the conditions. */
export function wantedOf(telling: Telling): { types: string[]; filter: Filter } {
  const groups = telling.groups.split(",").flatMap((one) => one.trim() || []);
  const terms = termsOf(telling);
  return {
    types: [...telling.types],
    filter: { ...(groups.length > 0 && { groups }), ...(terms.length > 0 && { terms }) },
  };
}

/** Of which devices, in words. */
export function filterWords(webhook: Webhook): string {
  const { groups = [], terms = [] } = webhook.filter as Filter; // taken by the server before
  const said = queryFor(terms) ?? `that satisfy ${counted(terms.length, "condition")}`;
  return [
    ...(groups.length > 0 ? [`of ${groups.map(plain).join(", ")}`] : []),
    ...(terms.length > 0 ? [plain(said)] : []),
  ].join(" and ");
}

/** Kinds of events, and of which devices. */
export function TellingFields({ of, set }: { of: Telling; set: (telling: Telling) => void }) {
  const { types, groups, query, terms } = of;
  const known = new Set<string>(KINDS.map(([type]) => type));
  const own = types.filter((type) => !known.has(type)).map((type) => [type, plain(type)] as const);
  return (
    <>
      <fieldset class="sheet padded stack">
        <legend>Told of</legend>
        {[...KINDS, ...own].map(([type, title]) => (
          <Check
            key={type}
            label={title}
            isOn={types.includes(type)}
            set={(isOn) =>
              set({ ...of, types: isOn ? [...types, type] : types.filter((one) => one !== type) })
            }
          />
        ))}
      </fieldset>
      <fieldset class="sheet padded stack">
        <legend>Only about some devices</legend>
        <TextField
          label="Groups"
          hint="With commas between them; may be left empty"
          value={groups}
          set={(text) => set({ ...of, groups: text })}
        />
        {query === undefined ? (
          <p class="quiet">
            And of those that satisfy {counted(terms.length, "condition")}, which a query cannot say. They
            stay.
          </p>
        ) : (
          <TextField
            label="Conditions"
            hint="As in the query bar of devices: type:board-a tag.line=7"
            value={query}
            set={(text) => set({ ...of, query: text })}
          />
        )}
      </fieldset>
    </>
  );
}
