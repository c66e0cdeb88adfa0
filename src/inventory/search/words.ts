const MAX_WORDS = 16;

/**
 * The words of a free text: whatever is between characters that are neither letters nor digits. A star right behind a
 * word stays, it asks for beginnings.
 */
export const wordsOf = (text: string): string[] =>
  (text.toWellFormed().match(/[\p{L}\p{N}]+\*?/gu) ?? []).slice(0, MAX_WORDS);
