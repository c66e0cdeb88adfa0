import type { OpenAPIHono } from "@hono/zod-openapi";
import type { DeviceClaim, OperatorActor, UserActor } from "./actor.ts";
import type { Deps } from "./deps.ts";
import type { Env } from "./env.ts";

/** A request's JSON body, read once. */
export interface JsonBody {
  /** The route's own text before that of what is wrong with the body. */
  prefix: string;
  isAbsent: boolean;
  /** As parsed; undefined if absent. */
  value: unknown;
}

/** What a request carries from the gateway to its route. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    deps: Deps;
    requestId: string;
    /** `json`: read as a whole before the route. `stream`: the route bounds and reads it. */
    bodyRule: "json" | "stream";
    caller: UserActor | DeviceClaim | OperatorActor | undefined;
    /** Read before the route's schema sees it. */
    jsonBody?: JsonBody;
  };
}

export type App = OpenAPIHono<AppEnv>;
