const MAX_WORDS = 16;

/**
 * The words of a free text, each once: whatever is between characters that are neither letters nor digits. A star right
 * behind a word stays, it asks for beginnings.
 */
export const wordsOf = (text: string): string[] => {
  const words =
    text
      .toWellFormed()
      .toLowerCase()
      .match(/[\p{L}\p{N}]+\*?/gu) ?? [];
  return [...new Set(words)].slice(0, MAX_WORDS);
};

/** The beginnings that words ask for, as the index has them: without accents. */
export const beginningsOf = (words: readonly string[]): string[] =>
  words
    .filter((word) => word.endsWith("*"))
    .map((word) => word.slice(0, -1).normalize("NFD").replaceAll(/\p{M}/gu, ""));

/** What a stem keeps of its word at least. */
const SHORTEST_STEM = 3;
const SHARE_OF_STEM = 0.6;

/** Beginnings of a word that may be the stem of a longer one: "relatio" of "relational", whose stem is "relat". */
export function possibleStems(beginning: string): string[] {
  if (!/^[a-z]+$/.test(beginning)) return [];
  const shortest = Math.max(SHORTEST_STEM, Math.ceil(beginning.length * SHARE_OF_STEM));
  const lengths = Array.from({ length: Math.max(0, beginning.length - shortest) }, (_, i) => shortest + i);
  return lengths.map((length) => beginning.slice(0, length));
}
