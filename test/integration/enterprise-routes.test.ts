import { describe, expect, it } from "vitest";
import { makeGateway } from "../../src/gateway/gateway.ts";
import { ENTERPRISE_ROUTES } from "../support/enterprise-routes.ts";

/** 404, each for the reason that the list of differences tells. */
const UNROUTED = ["GET /api/management/v1/useradm/oauth2/{}", "POST /api/management/v1/useradm/oauth2/link"];

/** Served by name for each of the forms that there are. */
const FORMS = "POST /api/management/v2/useradm/support/feedback/";

const served = makeGateway()
  .declarations()
  .map(({ method, path }) => `${method} ${path.replaceAll(/:\w+|\{\w+\}/g, "{}")}`);

const isServed = (route: string): boolean =>
  served.includes(route) ||
  (route === `${FORMS}{}` && served.filter((one) => one.startsWith(FORMS)).length === 2);

describe("operations of the enterprise edition about users, tenants and audit logs", () => {
  it("are all served but those that are told [differs: no-oauth2-logins]", () => {
    expect(ENTERPRISE_ROUTES.length).toBeGreaterThan(120);
    expect(ENTERPRISE_ROUTES.filter((route) => !isServed(route))).toEqual(UNROUTED);
  });
});
