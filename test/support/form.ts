import { env } from "cloudflare:workers";

/** Whether the long form runs (`npm run test:long`): each search through histories goes all the way. */
export const LONG = (env as unknown as { TEST_FORM: string }).TEST_FORM === "long";

/** How many of something a test tries, in the long and in the short form. */
export const many = (long: number, short: number): number => (LONG ? long : short);
