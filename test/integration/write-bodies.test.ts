import { beforeAll, describe, expect, it } from "vitest";
import { plausible, resolve } from "../support/hostile-values.ts";
import { Server, type Call } from "../support/server.ts";
import {
  everything,
  JSON_TYPE,
  schemas,
  title,
  writeRoutes,
  Written,
  type WriteRoute,
} from "../support/write-routes.ts";

let written: Written;

beforeAll(async () => {
  const server = await Server.start();
  server.configure({ SIGN_UP: "on", SIGN_UPS_PER_ADDRESS_PER_HOUR: "0" }); // its routes answer nothing else where it is off
  written = await Written.arrange(server);
});

/** Bodies that say nothing. */
const EMPTY_BODIES: Record<string, Call> = {
  absent: {},
  empty: { headers: { ...JSON_TYPE, "Content-Length": "0" } },
  blank: { body: " \n", headers: JSON_TYPE },
};

/** Bodies by what is wrong with them. */
function badBodies({ schema }: WriteRoute): Record<string, Call> {
  const isList = resolve(schema, schemas).type === "array";
  const whole = plausible(schema, schemas);
  return {
    truncated: { body: whole.slice(0, -1), headers: JSON_TYPE },
    "cut in the middle": { body: whole.slice(0, Math.ceil(whole.length / 2)), headers: JSON_TYPE },
    null: { body: "null", headers: JSON_TYPE },
    "of another kind": { body: isList ? "{}" : "[]", headers: JSON_TYPE },
  };
}

const required = writeRoutes.filter(({ isRequired }) => isRequired);
const optional = writeRoutes.filter(({ isRequired }) => !isRequired);
const titled = (routes: WriteRoute[]) => routes.map((route) => [title(route), route] as const);

/** Routes with one text for whatever is no document. */
const ONE_TEXT = /\/useradm\/settings(\/me)?$/;

/** Routes that take a form as well: what has no type is refused for that. */
const FORM_TOO = /\/tenants\/(trial|signup)$|\/support\/feedback\//;

describe("a route that needs a body [differs: null-body]", () => {
  it.each(titled(required))(
    "%s refuses one that is absent, broken or of another kind, and changes nothing",
    async (_, route) => {
      const before = await everything();
      const answers: Record<string, unknown> = {};
      for (const [what, call] of Object.entries({ ...EMPTY_BODIES, ...badBodies(route) })) {
        const answer = await written.call(route, call);
        answers[what] = answer.status === 400 ? answer.json().error : `${answer.status} ${answer.text}`;
      }
      const ending = (text: RegExp): unknown =>
        ONE_TEXT.test(route.path) ? "cannot parse request body as json" : expect.stringMatching(text);
      expect(answers).toEqual({
        absent: FORM_TOO.test(route.path)
          ? "Invalid value for Content-Type header: mime: no media type"
          : ending(/(^|: )EOF$/),
        empty: ending(/(^|: )EOF$/),
        blank: ending(/(^|: )EOF$/),
        truncated: ending(/(^|: )unexpected EOF$/),
        "cut in the middle": ending(/(^|: )unexpected EOF$/),
        null: expect.not.stringMatching(/^\d\d\d /),
        "of another kind": expect.not.stringMatching(/^\d\d\d /),
      });
      expect(await everything()).toBe(before);
    },
  );
});

describe("a route with an optional body", () => {
  it("is one of these", () => {
    expect(optional.map(title).toSorted()).toEqual([
      "POST /api/internal/v1/deviceconfig/tenants/{tenantId}/configurations/device/{deviceId}/deploy",
      "POST /api/management/v1/deployments/artifacts/directupload",
      "POST /api/management/v1/deviceconfig/configurations/device/{id}/deploy",
      "POST /api/management/v1/deviceconfig/configurations/filter/{id}/deploy",
      "POST /api/management/v1/deviceconfig/configurations/group/{id}/deploy",
      "POST /api/management/v1/tenantadm/exports",
      "POST /api/management/v1/useradm/auth/login",
      "POST /api/operator/v1/tenants/{id}/exports",
      "POST /api/operator/v1/tenants/{id}/move",
    ]);
  });

  it.each(titled(optional))(
    "%s takes none, whatever is said of its type, and no broken one",
    async (_, route) => {
      const { null: nothing, ...bad } = badBodies(route);
      // One export is made at a time.
      const taken = route.path.endsWith("/login") ? [401] : [200, 202, 409];
      for (const [what, call] of Object.entries({ ...EMPTY_BODIES, null: nothing! }))
        expect([what, (await written.call(route, call)).status]).toEqual([what, expect.toBeOneOf(taken)]);
      const before = await everything();
      for (const [what, call] of Object.entries(bad))
        expect([what, (await written.call(route, call)).status]).toEqual([what, 400]);
      expect(await everything()).toBe(before);
    },
  );
});

describe("the malformed body of a configuration", () => {
  const path = "/api/management/v1/deviceconfig/configurations/device/{id}";

  it.each([
    ["", "malformed request body: EOF"],
    ['{"a":"b"', "malformed request body: unexpected EOF"],
    ['{"a":"b', "malformed request body: unexpected EOF"],
    ['{"a":', "malformed request body: unexpected EOF"],
    ["tr", "malformed request body: unexpected EOF"],
  ])("%j is told as the original tells it, and what was wanted stays", async (body, error) => {
    const answer = await written.call({ method: "PUT", path }, { body, headers: JSON_TYPE });
    expect([answer.status, answer.json().error]).toEqual([400, error]);
    const record = await written.call({ method: "GET", path }, {});
    expect(record.json()).toMatchObject({ configured: { key: "wanted" } });
  });
});
