import { useEffect, useId, useRef, useState } from "preact/hooks";
import { api, bodyOf } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { Icon } from "../../parts/icon.tsx";
import { plain } from "../../parts/text.ts";
import { parse, print } from "../../query/parse.ts";
import { searchFor, without } from "../../query/search.ts";
import { SHORT_WORDS, wordFor } from "../../query/words.ts";
import { useValueCompletions } from "./values.ts";

const QUIET_MS = 300;

/** Names that could stand where the last word of the query is. */
function completions(text: string, names: readonly string[]): string[] {
  const at = text.search(/\S*$/);
  const word = text.slice(at).replace(/^-/, "");
  if (word.length === 0 || /[:=<>~"]/.test(word)) return [];
  const before = text.slice(0, text.length - word.length);
  return names.filter((name) => name.startsWith(word)).map((name) => `${before}${name}:`);
}

/** Where the query is typed, what it means, and what of it is not understood. */
export function QueryBar({
  query,
  set,
}: {
  query: string;
  set: (query: string, how: "push" | "replace") => void;
}) {
  const [text, setText] = useState(query);
  // Names are read when somebody begins to type.
  const [isUsed, use] = useState(false);
  const list = useId();
  const told = useId();
  // What comes back of what was typed here changes nothing: more may be typed by then.
  const sent = useRef(query);
  const send = (asked: string, how: "push" | "replace") => {
    sent.current = asked;
    set(asked, how);
  };
  useEffect(() => {
    if (query === sent.current) return;
    sent.current = query;
    setText(query);
  }, [query]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text.trim() !== sent.current) send(text.trim(), "replace");
    }, QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const known = useResource(isUsed ? "attribute-names" : undefined, async (signal) =>
    bodyOf(await api.GET("/api/management/v2/inventory/filters/attributes", { signal })),
  );
  const names = [
    ...new Set([...SHORT_WORDS, ...(known.data ?? []).map(({ scope, name }) => wordFor(scope, name))]),
  ];
  const values = useValueCompletions(text, isUsed);
  const parsed = parse(query);
  const { mistakes } = searchFor(parsed, Date.now());
  return (
    <div class="stack tight">
      <search>
        <form
          class="query-bar"
          onSubmit={(event) => {
            event.preventDefault();
            send(text.trim(), "push");
          }}
        >
          <Icon name="search" />
          <input
            class="input mono"
            type="search"
            aria-label="Query"
            aria-invalid={mistakes.length > 0}
            aria-describedby={mistakes.length > 0 ? told : undefined}
            placeholder='status:accepted type:board-a seen>2d tag.line=7 -has:alerts "words"'
            list={list}
            autocomplete="off"
            spellcheck={false}
            data-key="/"
            onFocus={() => use(true)}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <datalist id={list}>
            {[...completions(text, names), ...values].map((whole) => (
              <option key={whole}>{whole}</option>
            ))}
          </datalist>
        </form>
      </search>
      {mistakes.length > 0 && (
        <ul id={told} class="mistakes">
          {mistakes.map(({ from, to, told: words }) => (
            <li key={from}>
              <u class="mono">{plain(query.slice(from, to))}</u> {words}
            </li>
          ))}
        </ul>
      )}
      {parsed.terms.length > 0 && (
        <ul class="row" aria-label="Conditions">
          {parsed.terms.map((placed) =>
            placed.term.kind === "or" ? (
              <li key={placed.from} class="quiet">
                or
              </li>
            ) : (
              <li key={placed.from} class="chip mono">
                {plain(print(placed.term))}
                <button
                  type="button"
                  class="chip-button"
                  aria-label={`Without ${plain(print(placed.term))}`}
                  onClick={() => set(without(query, placed), "push")}
                >
                  <Icon name="cross" />
                </button>
              </li>
            ),
          )}
          <li>
            <button type="button" class="button plain" onClick={() => set("", "push")}>
              Clear
            </button>
          </li>
        </ul>
      )}
    </div>
  );
}
