import { limitNameOf, type TIERS } from "../deviceauth/index.ts";
import type { Line } from "./home-line.ts";

/** From this share of a limit on it is told. */
const NEAR = 0.9;

interface Counted {
  status: string;
  tier: string;
  devices: number;
}

/** The limits of accepted devices that are nearly reached. */
export function limitLines(
  limits: readonly { name: string; value: number }[],
  counts: readonly Counted[],
  tiers: typeof TIERS,
): Line[] {
  return tiers.flatMap((tier): Line[] => {
    const limit = limits.find(({ name }) => name === limitNameOf(tier))?.value ?? -1;
    const accepted = counts.find((one) => one.status === "accepted" && one.tier === tier)?.devices ?? 0;
    if (limit <= 0 || accepted < limit * NEAR) return [];
    return [
      {
        kind: "limit_near",
        count: accepted,
        name: `${tier} devices`,
        reason: `${accepted} of ${limit}`,
        href: "/settings/usage",
      },
    ];
  });
}
