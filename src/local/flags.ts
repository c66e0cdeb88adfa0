import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/** A command line that cannot be understood, or a situation its user has to change; the text is all they need. */
export class UsageError extends Error {}

export type Flags = Record<string, string | boolean | string[] | undefined>;

/** The flags of a command line by long name; anything unknown is a `UsageError`. */
export function readFlags(
  args: string[],
  options: ParseArgsOptionsConfig,
): { flags: Flags; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true, strict: true });
    return { flags: values as Flags, positionals }; // node's own type is narrower than any one caller's
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message.split(". ")[0] : String(cause));
  }
}

export const textFlag = (flags: Flags, name: string): string | undefined => {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
};
