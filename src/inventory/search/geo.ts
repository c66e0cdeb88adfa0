import type { PlaceTerm } from "./terms.ts";

export const EARTH_RADIUS_M = 6_371_008.8;
const METRES_PER_DEGREE = (EARTH_RADIUS_M * Math.PI) / 180;

/** The box around a circle, and the circle. */
export function around(latitude: number, longitude: number, metres: number): Omit<PlaceTerm, "kind" | "key"> {
  const height = metres / METRES_PER_DEGREE;
  const [south, north] = [latitude - height, latitude + height];
  const circle = { latitude, longitude, metres };
  const widest = Math.cos((Math.min(90, Math.max(Math.abs(south), Math.abs(north))) * Math.PI) / 180);
  const width = widest < 1e-6 ? 180 : height / widest;
  if (width >= 180) return { south, north, west: -180, east: 180, circle };
  const turned = (degrees: number) => ((((degrees + 180) % 360) + 360) % 360) - 180;
  return { south, north, west: turned(longitude - width), east: turned(longitude + width), circle };
}
