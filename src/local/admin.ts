import type { ParseArgsOptionsConfig } from "node:util";
import { VERBS, type Values, type Verb } from "./admin-verbs.ts";
import { readFlags, textFlag, UsageError } from "./args.ts";
import { DEFAULT_DATA, findServer } from "./find-server.ts";
import { OperatorClient } from "./operator-client.ts";

const isOptional = (placeholder: string) => placeholder.startsWith("[");
const isSwitch = (placeholder: string) => placeholder === "";

function signature(name: string, { options }: Verb): string {
  const parts = Object.entries(options).map(([option, placeholder]) => {
    if (isSwitch(placeholder)) return `--${option}`;
    return isOptional(placeholder)
      ? `[--${option} ${placeholder.slice(1, -1)}]`
      : `--${option} ${placeholder}`;
  });
  return [name, ...parts].join(" ");
}

const usage = () =>
  [
    "usage: npm run admin -- [--url URL --operator-token TOKEN] [--data DIR] VERB [options]",
    "",
    "Without --url (or EDGEMEND_URL and EDGEMEND_OPERATOR_TOKEN) it is for the local server that runs on the data",
    `folder (${DEFAULT_DATA}). Prints an id or one JSON object.`,
    "",
    ...Object.entries(VERBS).map(([name, verb]) => `  ${signature(name, verb)}\n      ${verb.summary}`),
    "",
  ].join("\n");

const COMMON_FLAGS = {
  url: { type: "string" },
  "operator-token": { type: "string" },
  data: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

/** The command line in which the verb may come before or after the common flags. */
function readVerb(args: string[]): { name: string; verb: Verb } {
  const name = args.find((arg, index) => {
    const before = args[index - 1] ?? "";
    return !arg.startsWith("-") && !["--url", "--operator-token", "--data"].includes(before);
  });
  if (name === undefined) throw new UsageError("a verb is missing");
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) throw new UsageError(`unknown verb ${name}`);
  return { name, verb };
}

const takesTenantAsId = (options: Verb["options"]) => "tenant" in options && !("id" in options);

function flagsOf({ options }: Verb): ParseArgsOptionsConfig {
  // a tenant may be named by its id, where no other id is meant
  const synonyms: ParseArgsOptionsConfig = takesTenantAsId(options) ? { id: { type: "string" } } : {};
  const own = Object.entries(options).map(
    ([name, placeholder]) => [name, { type: isSwitch(placeholder) ? "boolean" : "string" }] as const,
  );
  return { ...synonyms, ...Object.fromEntries(own), ...COMMON_FLAGS };
}

async function main(args: string[]): Promise<string> {
  if (args.includes("--help") || args.includes("-h")) return usage();
  const { name, verb } = readVerb(args);
  const { flags, positionals } = readFlags(args, flagsOf(verb));
  if (positionals.length > 1) throw new UsageError(`unexpected argument ${positionals[1]}`);
  const values: Values = Object.fromEntries(
    Object.keys(verb.options).map((option) => [option, textFlag(flags, option)]),
  );
  if (takesTenantAsId(verb.options)) values.tenant ??= textFlag(flags, "id");
  for (const [option, placeholder] of Object.entries(verb.options)) {
    if (!isOptional(placeholder) && values[option] === undefined && flags[option] === undefined)
      throw new UsageError(`${name} needs --${option}`);
  }
  const address = await findServer({
    url: textFlag(flags, "url"),
    operatorToken: textFlag(flags, "operator-token"),
    data: textFlag(flags, "data") ?? DEFAULT_DATA,
  });
  const answer = await verb.run(new OperatorClient(address.url, address.operatorToken), values);
  return `${typeof answer === "string" ? answer : JSON.stringify(answer)}\n`;
}

try {
  process.stdout.write(await main(process.argv.slice(2)));
} catch (cause) {
  const reason = cause instanceof Error ? cause.message : String(cause);
  process.stderr.write(cause instanceof UsageError ? `${reason}\n\n${usage()}` : `${reason}\n`);
  process.exitCode = 1;
}
