/** Numbers of devices are small far more often than not. */
const KNOWN = 1024;

const table = new Float64Array(KNOWN);
for (let n = 2; n < KNOWN; n++) table[n] = (table[n - 1] ?? 0) + Math.log(n);

const HALF_LN_2_PI = 0.5 * Math.log(2 * Math.PI);

/** Beyond the table by Stirling's series, which is exact there to the last digits. */
export const lnFactorial = (n: number): number =>
  table[n] ?? (n + 0.5) * Math.log(n) - n + HALF_LN_2_PI + 1 / (12 * n) - 1 / (360 * n ** 3);

/** ln(base ^ exponent); nothing times nothing is one. */
export const lnPower = (base: number, exponent: number): number =>
  exponent === 0 ? 0 : exponent * Math.log(base);

/** ln of the sum of what these are logarithms of. */
export function lnSum(logarithms: readonly number[]): number {
  let most = -Infinity;
  for (const one of logarithms) if (one > most) most = one;
  if (!Number.isFinite(most)) return most;
  let sum = 0;
  for (const one of logarithms) sum += Math.exp(one - most);
  return most + Math.log(sum);
}

export const lnMean = (logarithms: readonly number[]): number =>
  lnSum(logarithms) - Math.log(logarithms.length);
