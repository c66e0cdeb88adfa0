import { api } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { components } from "../../api/schema.d.ts";
import { may } from "../../api/session.ts";
import { Bar } from "../../parts/bar.tsx";
import { count } from "../../parts/text.ts";

export type Deployed = NonNullable<components["schemas"]["ReleaseAdoption"]["deployed"]>;
export type Adoptions = ReadonlyMap<string, Deployed>;

/** Characters of names in one address. */
const MAX_NAMES = 6000;

const askable = (names: readonly string[]): string[] => {
  let left = MAX_NAMES;
  return names.filter((name) => (left -= encodeURIComponent(name).length) >= 0);
};

/** Of all releases of a page at once; empty until it is known, and where nothing is. */
export function useAdoptions(names: readonly string[] | undefined): Adoptions {
  const asked = may("deployments:read") && names ? askable(names) : [];
  const found = useResource(
    asked.length > 0 ? `releases-adoption?${asked.join("\n")}` : undefined,
    async (signal): Promise<Adoptions> => {
      const { data } = await api.GET("/api/management/v1/console/releases/adoption", {
        params: { query: { name: asked } },
        signal,
      });
      return new Map((data ?? []).map((one) => [one.name, one]));
    },
  );
  return found.data ?? new Map();
}

export const devicesOf = ({ on_the_way: waiting, success, failure, other }: Deployed): number =>
  waiting + success + failure + other;

/** What became of the devices to which it was deployed. */
export function AdoptionBar({ of }: { of: Deployed | undefined }) {
  if (!of) return <span class="quiet">not deployed</span>;
  const all = devicesOf(of);
  return (
    <span title={`${count(of.success)} of ${count(all)} have got it`}>
      <Bar
        label="Adoption"
        of={all}
        shares={[
          { name: "updated", tone: "good", value: of.success },
          { name: "failed", tone: "bad", value: of.failure },
          { name: "on the way", tone: "busy", value: of.on_the_way },
        ]}
      />
    </span>
  );
}
