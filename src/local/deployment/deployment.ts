import { UsageError } from "../flags.ts";
import { removalsOf, stepsFor, type Site } from "./steps.ts";

type Say = (line: string) => void;

/** Fails with one line if nobody is logged in. */
async function requireLogin({ wrangler }: Site): Promise<void> {
  const { code } = await wrangler(["whoami", "--json"]);
  if (code !== 0)
    throw new UsageError(
      "nobody is logged in to Cloudflare: run npx wrangler login, or set CLOUDFLARE_API_TOKEN",
    );
}

/** Says what a deployment would do; of an account that is not known, everything. */
export async function plan(site: Site, say: Say): Promise<void> {
  const { code } = await site.wrangler(["whoami", "--json"]);
  if (code !== 0) say("Nobody is logged in, so this is the plan for an empty account.");
  for (const { what, todo } of stepsFor(site.names)) {
    const work = code === 0 ? await todo(site) : true;
    say(`  ${work ? "do   " : "there"}  ${what}`);
  }
  say("Nothing was changed.");
}

const HOST = /https:\/\/[\w.-]+\.workers\.dev/;

/**
 * Makes what is missing, applies migrations, uploads; may be done again at any time, also after it failed half-way.
 * Answers the address that the Worker is served at, if wrangler told it.
 */
export async function deploy(site: Site, say: Say): Promise<string | undefined> {
  await requireLogin(site);
  let address: string | undefined;
  const wrangler: Site["wrangler"] = async (args) => {
    const answer = await site.wrangler(args);
    if (args[0] === "deploy") address = HOST.exec(answer.text)?.[0];
    return answer;
  };
  for (const { what, todo } of stepsFor(site.names)) {
    const work = await todo({ ...site, wrangler });
    say(`  ${work ? "doing" : "there"}  ${what}`);
    await work?.();
  }
  return address;
}

/** Takes everything away, if the host is named that it is served at. What cannot be removed yet is told at the end. */
export async function remove(site: Site, host: string, say: Say): Promise<void> {
  await requireLogin(site);
  if (host.split(".")[0] !== site.names.worker)
    throw new UsageError(`--host is to name what goes: the Worker of wrangler.toml is ${site.names.worker}`);
  const left: string[] = [];
  for (const args of removalsOf(site.names)) {
    say(`  wrangler ${args.join(" ")}`);
    const { code, text } = await site.wrangler(args);
    if (code !== 0) left.push(`${args.join(" ")}: ${text.trim().split("\n").at(-1) ?? ""}`);
  }
  if (left.length > 0) throw new UsageError(`not removed:\n  ${left.join("\n  ")}`);
}
