import { beforeAll, describe, expect, it } from "vitest";
import { Server } from "../support/server.ts";
import { WIRE_ROUTES } from "../support/wire-routes.ts";

const BUILT = [
  "devauth",
  "inventory",
  "useradm",
  "deployments",
  "deviceconfig",
  "deviceconnect",
  "workflows",
];

let served: Set<string>;

beforeAll(async () => {
  const server = await Server.start();
  const document = (await server.call("GET", "/api/openapi.json")).json<{ paths: Record<string, object> }>();
  served = new Set(
    Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{[^}]*\}/g, "{}")}`),
    ),
  );
});

/** A concrete path that the product serves under a pattern counts as that pattern: `/limits/{}` serves `/limits/storage`. */
const isServed = (route: string): boolean =>
  served.has(route) ||
  [...served].some((candidate) => {
    const pattern = candidate
      .split("/")
      .map((part) => (part === "{}" ? "[^/]+" : part.replace(/[.]/g, "\\.")));
    return new RegExp(`^${pattern.join("/")}$`).test(route);
  });

describe("the OpenAPI document", () => {
  it.each(BUILT)("covers every public and internal route of %s", (service) => {
    const difference = WIRE_ROUTES[service]!.filter((route) => !isServed(route));
    console.log(
      `${service}: ${WIRE_ROUTES[service]!.length} routes, difference: ${JSON.stringify(difference)}`,
    );
    expect(difference).toEqual([]);
  });
});
