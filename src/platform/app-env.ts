import type { OpenAPIHono } from "@hono/zod-openapi";
import type { DeviceClaim, OperatorActor, UserActor } from "./actor.ts";
import type { Deps } from "./deps.ts";
import type { Env } from "./env.ts";

/** What a request carries from the gateway to its route. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    deps: Deps;
    requestId: string;
    caller: UserActor | DeviceClaim | OperatorActor | undefined;
  };
}

export type App = OpenAPIHono<AppEnv>;
