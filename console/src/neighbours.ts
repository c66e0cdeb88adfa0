/** The part of an address that names one thing: `/devices/…`, without its tabs. */
export const thingOf = (path: string): string | undefined => /^\/[^/?#]+\/[^/?#]+/.exec(path)?.[0];

/** What a list has, by the addresses in its rows: of each row the first of that kind, and none twice. */
export function listOf(rows: readonly (readonly string[])[], opened: string): string[] {
  const kind = opened.slice(0, opened.indexOf("/", 1) + 1);
  const things = rows.flatMap((hrefs) => {
    const thing = hrefs.find((href) => href.startsWith(kind) && thingOf(href));
    return thing === undefined ? [] : [thingOf(thing) ?? ""];
  });
  return [...new Set(things)];
}

/** The address beside this one in a list, with the same tab; in words why there is none. */
export function beside(list: readonly string[], path: string, by: 1 | -1): { to: string } | { why: string } {
  const thing = thingOf(path) ?? "";
  const at = list.indexOf(thing);
  if (at < 0) return { why: "This was opened from no list: there is no next one." };
  const next = list[at + by];
  if (next === undefined) return { why: `This is the ${by > 0 ? "last" : "first"} on its page of the list.` };
  return { to: next + path.slice(thing.length) };
}
