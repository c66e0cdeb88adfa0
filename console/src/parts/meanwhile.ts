import { plain } from "./text.ts";

/** What is told to who keeps something that somebody else has changed since it was read: both versions, and what next. */
export const meanwhile = (theirs: string): Error =>
  new Error(
    `Somebody else has changed it meanwhile, to: ${theirs === "" ? "nothing" : plain(theirs)}. Do it again to put yours in its place.`,
  );

/** Values by their names, in one order. */
export const inOrder = (values: Readonly<Record<string, string>>): string =>
  Object.keys(values)
    .toSorted()
    .map((name) => `${name} = ${values[name]}`)
    .join(", ");
