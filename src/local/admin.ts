import { rmSync } from "node:fs";
import type { ParseArgsOptionsConfig } from "node:util";
import { VERBS, type Values, type Verb } from "./admin-verbs.ts";
import { readFlags, textFlag, UsageError, type Flags } from "./flags.ts";
import { existingDataFolder } from "./data-folder.ts";
import { npmCommand } from "./command.ts";
import { DEFAULT_DATA, findServer, type Address } from "./find-server.ts";
import { OperatorClient } from "./operator-client.ts";

const isOptional = (placeholder: string) => placeholder.startsWith("[");
const isSwitch = (placeholder: string) => placeholder === "" || placeholder === "[]";

function signature(name: string, { options }: Verb): string {
  const parts = Object.entries(options).map(([option, placeholder]) => {
    const word = isSwitch(placeholder) ? "" : ` ${placeholder.replaceAll(/^\[|\]$/g, "")}`;
    return isOptional(placeholder) ? `[--${option}${word}]` : `--${option}${word}`;
  });
  return [name, ...parts].join(" ");
}

const verbUsage = (name: string, verb: Verb) => `  ${signature(name, verb)}\n      ${verb.summary}\n`;

const usage = () =>
  [
    "usage: npm run admin -- [--url URL --operator-token TOKEN] [--data DIR] VERB [options]",
    "",
    "Without --url (or EDGEMEND_URL and EDGEMEND_OPERATOR_TOKEN) it is for the local server that runs on the data",
    `folder (${DEFAULT_DATA}). Prints an id or one JSON object.`,
    "",
    ...Object.entries(VERBS).map(([name, verb]) => verbUsage(name, verb).trimEnd()),
    "",
  ].join("\n");

const LISTED = "npm run admin -- --help lists them";

const isVerb = (word: string) => Object.hasOwn(VERBS, word);

/** There is no user any more, and the password kept for the demo is nobody's. What to do is told on stderr: stdout is for programs. */
function afterReset({ firstAdminFile }: Address, flags: Flags): void {
  if (firstAdminFile !== undefined) rmSync(firstAdminFile, { force: true });
  const named = ["data", "url"].flatMap((flag) => {
    const value = textFlag(flags, flag);
    return value === undefined ? [] : [`--${flag}`, value];
  });
  const next = npmCommand("admin", ...named, "create-user", "--email", "EMAIL", "--password", "PASSWORD");
  process.stderr.write(`Nobody can log in now. Next: ${next}\n`);
}

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
  if (name === undefined) throw new UsageError(`a verb is missing; ${LISTED}`);
  const verb = isVerb(name) ? VERBS[name] : undefined;
  if (!verb) throw new UsageError(`unknown verb ${name}; ${LISTED}`);
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

async function answerOf(name: string, verb: Verb, values: Values, flags: Flags): Promise<unknown> {
  const data = textFlag(flags, "data") ?? DEFAULT_DATA;
  if ("runHere" in verb) {
    const folder = existingDataFolder(data);
    if (!folder) throw new UsageError(`there is no data folder ${data}`);
    return verb.runHere(folder, values);
  }
  const address = await findServer({
    url: textFlag(flags, "url"),
    operatorToken: textFlag(flags, "operator-token"),
    data,
  });
  const answer = await verb.run(new OperatorClient(address.url, address.operatorToken), values);
  if (name === "factory-reset") afterReset(address, flags);
  return answer;
}

async function main(args: string[]): Promise<string> {
  const isHelp = args.includes("--help") || args.includes("-h");
  if (isHelp && !args.some(isVerb)) return usage();
  const { name, verb } = readVerb(args);
  if (isHelp) return verbUsage(name, verb);
  const { flags, positionals } = readFlags(args, flagsOf(verb));
  if (positionals.length > 1) throw new UsageError(`unexpected argument ${positionals[1]}`);
  const values: Values = Object.fromEntries(
    Object.keys(verb.options).map((option) => [
      option,
      flags[option] === true ? "true" : textFlag(flags, option),
    ]),
  );
  if (takesTenantAsId(verb.options)) values.tenant ??= textFlag(flags, "id");
  for (const [option, placeholder] of Object.entries(verb.options)) {
    if (!isOptional(placeholder) && values[option] === undefined && flags[option] === undefined)
      throw new UsageError(`${name} needs --${option}; usage: ${signature(name, verb)}`);
  }
  const answer = await answerOf(name, verb, values, flags);
  return `${typeof answer === "string" ? answer : JSON.stringify(answer)}\n`;
}

try {
  process.stdout.write(await main(process.argv.slice(2)));
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}
