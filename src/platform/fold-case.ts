import { sql, type SQL } from "drizzle-orm";

/** Levels of an expression that folding may take of the hundred that the database allows; further letters mind the case. */
const MAX_REPLACED = 40;

/** The form of a letter that all its cases share, where each is a single character. */
function folded(letter: string): string {
  const turned = letter.toUpperCase().toLowerCase();
  return Array.from(turned).length === 1 ? turned : letter;
}

/** The other ways to write a folded letter; the one at the end of Greek words is no case of its own. */
const variantsOf = (letter: string): string[] =>
  [letter.toUpperCase(), ...(letter === "σ" ? ["ς"] : [])].filter(
    (variant) => variant !== letter && Array.from(variant).length === 1,
  );

const character = (letter: string): SQL => sql.raw(`char(${letter.codePointAt(0) ?? 0})`);

/**
 * A text and a column in one letter case. The database folds ASCII only, so that each further letter of the text is
 * replaced in the column: what the text does not have need not be folded.
 */
function sameCase(column: SQL, text: string): { column: SQL; text: string } {
  const letters = new Set(Array.from(text, folded).filter((letter) => letter > "\u007f"));
  const all = [...letters].flatMap((letter) =>
    variantsOf(letter).map((variant) => [variant, letter] as const),
  );
  const pairs = all.slice(0, MAX_REPLACED);
  const replaced = pairs.reduce(
    (inner, [from, to]) => sql`replace(${inner}, ${character(from)}, ${character(to)})`,
    sql`lower(${column})`,
  );
  const known = new Set(pairs.map(([, letter]) => letter));
  const needle = Array.from(text, (c) =>
    c <= "\u007f" ? c.toLowerCase() : known.has(folded(c)) ? folded(c) : c,
  );
  return { column: replaced, text: needle.join("") };
}

/** True in SQL if the text occurs in the column, in any letter case. */
export function containsText(column: SQL, text: string): SQL {
  const same = sameCase(column, text);
  return sql`instr(${same.column}, ${same.text}) > 0`;
}

/** True in SQL if the column begins with the text, in any letter case. */
export function startsWithText(column: SQL, text: string): SQL {
  const same = sameCase(column, text);
  return sql`substr(${same.column}, 1, length(${same.text})) = ${same.text}`;
}
