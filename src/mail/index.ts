export { mailerOf } from "./mailer.ts";
export { tellByMail } from "./tell.ts";
