import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../../src/platform/fault.ts";
import {
  ADDONS,
  FEATURES,
  PlansSetting,
  addonsFrom,
  claimsOf,
  hasFeature,
  planNamed,
  requireFeature,
  subscriptionOf,
  type Plans,
  type Subscription,
} from "../../../src/platform/plans.ts";

const features = fc.subarray([...FEATURES]);
const names = fc.oneof(
  fc.constantFrom("os", "professional", "enterprise", "gone", "__proto__", "constructor"),
  fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/),
);
const ownPlans: fc.Arbitrary<Plans> = fc
  .array(fc.tuple(fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/), features), { maxLength: 4 })
  .map((all) =>
    Object.fromEntries(all.map(([name, has]) => [name, { displayName: name, features: has, limits: {} }])),
  );
const subscriptions: fc.Arbitrary<Subscription> = fc.record({
  plan: names,
  addons: fc.subarray([...ADDONS]),
  trial: fc.boolean(),
});
const of = (own: Plans, subscription: Subscription) =>
  FEATURES.filter((feature) => hasFeature(own, subscription, feature));

describe("the table of plans", () => {
  it("gives a trial everything, and nobody more for fewer add-ons", () => {
    fc.assert(
      fc.property(ownPlans, subscriptions, fc.subarray([...ADDONS]), (own, subscription, kept) => {
        expect(of(own, { ...subscription, trial: true })).toEqual(FEATURES);
        const fewer = {
          ...subscription,
          addons: subscription.addons.filter((addon) => kept.includes(addon)),
        };
        expect(of(own, subscription)).toEqual(expect.arrayContaining(of(own, fewer)));
      }),
    );
  });

  it("gives no feature that the plan does not name, and of a plan that is gone what the smallest has", () => {
    fc.assert(
      fc.property(ownPlans, subscriptions, (own, subscription) => {
        const has = of(own, { ...subscription, trial: false });
        const plan = planNamed(own, subscription.plan);
        if (plan) expect(plan.features).toEqual(expect.arrayContaining(has));
        else expect(has).toEqual(of({}, { ...subscription, trial: false, plan: "os" }));
        const whole = of(own, { ...subscription, trial: false, addons: ADDONS });
        if (plan) expect(whole.toSorted()).toEqual([...plan.features].toSorted());
      }),
    );
  });

  it("refuses exactly what is not included: 402 for manifests, 403 for all else", () => {
    fc.assert(
      fc.property(ownPlans, subscriptions, fc.constantFrom(...FEATURES), (own, subscription, feature) => {
        const ask = () => requireFeature(own, subscription, feature);
        if (hasFeature(own, subscription, feature)) return ask();
        expect(ask).toThrow(Fault);
        try {
          ask();
        } catch (cause) {
          const kind = feature === "manifests" ? "payment_required" : "forbidden";
          expect(cause).toMatchObject({
            kind,
            publicMessage: `the plan of the tenant does not include ${feature}`,
          });
        }
      }),
    );
  });

  it("travels in a device's token unchanged", () => {
    fc.assert(
      fc.property(subscriptions, (subscription) => {
        expect(subscriptionOf(JSON.parse(JSON.stringify(claimsOf(subscription))))).toEqual(subscription);
      }),
    );
  });

  it("takes any text as a setting or says what is wrong with it, and any stored add-ons", () => {
    const plan = fc.record({
      features,
      limits: fc.dictionary(fc.constantFrom("max_users", "x"), fc.integer()),
    });
    const setting = fc.oneof(
      fc.string(),
      fc.json(),
      fc.dictionary(names, fc.oneof(plan, fc.anything())).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(setting, fc.anything(), (text, stored) => {
        const parsed = PlansSetting.safeParse(text);
        if (parsed.success)
          for (const { features: has } of Object.values(parsed.data))
            expect(FEATURES).toEqual(expect.arrayContaining([...has]));
        expect(ADDONS).toEqual(expect.arrayContaining(addonsFrom(stored)));
      }),
    );
  });
});
