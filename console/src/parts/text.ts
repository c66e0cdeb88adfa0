/** With commas between thousands. The browser's own formats take long to make, and pages have numbers before anything else. */
const grouped = (number: number, digits: number): string => {
  const [whole = "", part] = String(Number(number.toFixed(digits))).split(".");
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part === undefined ? "" : `.${part}`);
};

/** With separators of thousands. */
export const count = (number: number): string => grouped(number, 0);

/** `1 device`, `2 devices`. */
export const counted = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function bytes(number: number): string {
  let [value, unit] = [number, 0];
  while (value >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${grouped(value, 1)} ${UNITS[unit]}`;
}

export const percent = (share: number): string => `${grouped(share * 100, 1)} %`;

/** Controls but line ends and tabs, marks of direction, and what has no width. */
const UNSEEN = /(?![\n\r\t])[\p{Cc}\p{Cf}]/gu;

/** What a device sent, with every character shown that otherwise would change how the others are read. */
export const plain = (text: string): string =>
  text.replace(UNSEEN, (letter) => `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);

/** A span of time in the largest unit that it fills. */
export function lasting(seconds: number): string {
  if (seconds < 120) return counted(Math.round(seconds), "second");
  if (seconds < 7200) return counted(Math.round(seconds / 60), "minute");
  return seconds < 172_800
    ? counted(Math.round(seconds / 3600), "hour")
    : counted(Math.round(seconds / 86_400), "day");
}

/** Not by the browser's own formats, which take long to make. */
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The date of a point in time, in UTC or by the clock of who looks. */
export function dateText(atMs: number, isUtc: boolean): string {
  const at = new Date(atMs);
  return isUtc
    ? `${MONTHS[at.getUTCMonth()]} ${at.getUTCDate()}, ${at.getUTCFullYear()}`
    : `${MONTHS[at.getMonth()]} ${at.getDate()}, ${at.getFullYear()}`;
}

const SHORT = 13;

/** An id without its middle. */
export const shortId = (id: string): string =>
  id.length <= SHORT ? id : `${id.slice(0, 6)}…${id.slice(-4)}`;
