export { mountReporting } from "./routes.ts";
