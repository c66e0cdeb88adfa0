/**
 * The order in which a rollout takes devices: by a hash of device and deployment, so that a canary is a fair sample of the
 * fleet and another one in the next rollout. A phase is a threshold in it, found once, and not a list.
 */

/** Places are below this. */
const PLACES = 2 ** 31;

/** Canaries are in front of all others. */
export const CANARY = -1;

const mixed = (value: number): number => {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** A number below `PLACES` that is the device's in all rollouts; each makes a place of it by its own salt. */
export function deviceNumber(device: string, from = 0, to = device.length): number {
  let h = 0x811c9dc5;
  for (let i = from; i < to; i++) h = Math.imul(h ^ device.charCodeAt(i), 0x01000193);
  return mixed(h) >>> 1;
}

const SALTS = 2 ** 30;

/** Odd, so that no two numbers get the same place. */
export const saltOf = (deployment: string): number => (deviceNumber(`salt ${deployment}`) % SALTS) * 2 + 1;

/** The product of both has up to 62 bits, more than a number holds: it is made of the halves of one. */
const HALF = 2 ** 16;

/** As the joining statement reckons it: product of number and salt, below `PLACES`. */
export const placeOf = (device: string, salt: number): number => placeOfNumber(deviceNumber(device), salt);

export function placeOfNumber(n: number, salt: number): number {
  const high = (Math.floor(n / HALF) * salt) % PLACES;
  return (high * HALF + (n % HALF) * salt) % PLACES;
}

/**
 * The greatest place in each phase but the last, from the places of all devices, which are put into their order, and the sizes
 * up to each phase.
 */
export function thresholdsOf(places: Int32Array, sizesTo: readonly number[]): (number | null)[] {
  const sorted = places.sort();
  return sizesTo.map((size, i) => (i === sizesTo.length - 1 ? null : (sorted[size - 1] ?? CANARY)));
}

/** Thresholds where devices are not known beforehand: shares of all places. */
export const sharesOf = (sizesTo: readonly number[], total: number): (number | null)[] =>
  sizesTo.map((size, i) => (i === sizesTo.length - 1 ? null : Math.floor((size / total) * PLACES) - 1));
