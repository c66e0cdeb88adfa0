import { expect, it } from "vitest";
import { FewTenants, MOST_TENANTS } from "../../../src/inventory/few-tenants.ts";
import { asTenantId } from "../../../src/platform/ids.ts";

it(`are ${MOST_TENANTS} at most, and then begun anew [limit: tenants that nobody hears of]`, () => {
  const tenants = new FewTenants();
  const name = (i: number) => asTenantId(`t${i}`);
  for (let i = 0; i < MOST_TENANTS; i++) tenants.add(name(i));
  expect([tenants.has(name(0)), tenants.has(name(MOST_TENANTS - 1))]).toEqual([true, true]);
  tenants.delete(name(1));
  expect(tenants.has(name(1))).toBe(false);
  for (const i of [MOST_TENANTS, MOST_TENANTS + 1]) tenants.add(name(i));
  expect([tenants.has(name(0)), tenants.has(name(MOST_TENANTS + 1))]).toEqual([false, true]);
});
