export { mailerOf } from "./mailer.ts";
