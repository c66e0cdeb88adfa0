import { env } from "cloudflare:workers";

const { TEST_FORM, TEST_CLOCK_START_MS } = env as unknown as Record<string, string>;

/** Whether the long form runs (`npm run test:long`): each search through histories goes all the way. */
export const LONG = TEST_FORM === "long";

/** How many of something a test tries, in the long and in the short form. */
export const many = (long: number, short: number): number => (LONG ? long : short);

const SHORT_STOPS = 6;
const DAY_MS = 86_400_000;

/** Another number in each run, which its seed tells: where samples of the short form begin, so that all is tried over time. */
export const TURN = Math.floor(Number(TEST_CLOCK_START_MS) / DAY_MS);

/**
 * At which of the moments 1 to `count` a process is stopped: at each in the long form; in the short one at the first,
 * the last and a few between them that change with the seed of the run.
 */
export function stops(count: number, short = SHORT_STOPS): number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1);
  if (LONG || count <= short) return all;
  const every = Math.ceil(count / (short - 1));
  const offset = TURN % every;
  return all.filter((at) => at === 1 || at === count || at % every === offset);
}
