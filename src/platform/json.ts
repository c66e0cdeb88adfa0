/**
 * Deeper than anything that clients of the protocol send, and less than what breaks what comes after: recursive
 * schemas, serialisers, and the database, which takes 1,000 levels.
 */
const MAX_DEPTH = 128;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

function isTooDeep(text: string): boolean {
  // That many levels take that many characters.
  if (text.length <= MAX_DEPTH) return false;
  let depth = 0;
  let isInText = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isInText) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) isInText = false;
    } else if (code === QUOTE) isInText = true;
    else if (OPEN.has(code) && ++depth > MAX_DEPTH) return true;
    else if (CLOSE.has(code)) depth--;
  }
  return false;
}

/** `JSON.parse` for text from outside: throws as that does, also on what is nested too deeply. */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw new SyntaxError("exceeded max depth");
  return JSON.parse(text);
}
