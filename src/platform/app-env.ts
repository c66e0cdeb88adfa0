import type { OpenAPIHono, RouteConfig, RouteHandler, RouteHook } from "@hono/zod-openapi";
import type { Context, Handler } from "hono";
import type { DeviceClaim, OperatorActor, LiveUser } from "./actor.ts";
import type { Deps } from "./deps.ts";
import type { Env } from "./env.ts";
import type { Access, DeclaredRoute } from "./route.ts";

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
    /** Of the path; absent where nothing is served. */
    access?: Access;
    /** Whether the first batch of the request has told that what its path names is within reach; absent if nobody asks. */
    reach?: { asked: boolean };
    caller: LiveUser | DeviceClaim | OperatorActor | undefined;
    /** Read before the route's schema sees it. */
    jsonBody?: JsonBody;
  };
}

export type Router = OpenAPIHono<AppEnv>;

/** What is served under a method and a path as the router writes it. */
export interface Declaration {
  method: string;
  path: string;
  access: Access;
}

/** A router that serves nothing that does not say who may call it. */
export interface App extends Pick<
  Router,
  "use" | "onError" | "notFound" | "fetch" | "routes" | "getOpenAPI31Document"
> {
  openAPIRegistry: Pick<Router["openAPIRegistry"], "registerComponent">;
  openapi<R extends DeclaredRoute>(
    route: R,
    handler: RouteHandler<R, AppEnv>,
    hook?: RouteHook<R, AppEnv>,
  ): void;
  /** Writes a route into the document that is served in another form. */
  document(route: RouteConfig): void;
  /** Serves what is not in the document, or not as it is served. */
  plain(access: Access, methods: readonly string[], path: string, ...handlers: Handler<AppEnv>[]): void;
  declarations(): readonly Declaration[];
  /** Of the route that is to answer; undefined if none is. */
  accessOf(c: Context<AppEnv>): Access | undefined;
}
