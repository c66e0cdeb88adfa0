import { expect, it } from "vitest";
import { MAX_IN_LINE_OF_TENANT, storeInTurn } from "../../../src/deviceauth/enrolment-line.ts";
import type { Deps } from "../../../src/platform/deps.ts";
import { Fault } from "../../../src/platform/fault.ts";
import { asTenantId } from "../../../src/platform/ids.ts";

const aServer = () => ({ now: () => 0, later: () => {}, settings: {} }) as unknown as Deps;

const [flooded, other] = [asTenantId("flooded"), asTenantId("other")];

it("refuses strangers of a tenant that has too many in line, and of no other tenant", async () => {
  const deps = aServer();
  let end = () => {};
  const ended = new Promise<void>((done) => (end = done));
  const stored = Array.from({ length: MAX_IN_LINE_OF_TENANT }, () => storeInTurn(deps, flooded, () => ended));
  const refused = await storeInTurn(deps, flooded, async () => "stored").catch((cause: unknown) => cause);
  expect(refused).toBeInstanceOf(Fault);
  expect((refused as Fault).detail.headers).toEqual({ "Retry-After": "5" });
  expect((refused as Fault).kind).toBe("rate_limited");
  const beside = storeInTurn(deps, other, async () => "stored");
  end();
  expect(await beside).toBe("stored");
  await Promise.all(stored);
});

it("has tenants take turns", async () => {
  const deps = aServer();
  const order: string[] = [];
  const come = (tenant: typeof flooded) => storeInTurn(deps, tenant, async () => order.push(tenant));
  await Promise.all([come(flooded), come(flooded), come(flooded), come(other)]);
  expect(order.indexOf("other")).toBe(1);
});
