/** A word as a shell takes it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** A command of this project as users type it. */
export const npmCommand = (program: "demo" | "admin", ...words: string[]): string =>
  ["npm run", program, ...(words.length > 0 ? ["--", ...words.map(quoted)] : [])].join(" ");
