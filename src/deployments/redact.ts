import { isSecretName } from "../platform/secret-names.ts";

const HIDDEN = "***";

/** A name and its value, as programs print them: `name=value`, `name: value`, `"name": "value"`. */
const PAIR = /([\w.-]{1,64})(["']?\s{0,4}[:=]\s{0,4})("[^"\n]*"|'[^'\n]*'|[^\s,;&"']+)/g;

const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]+/gi;
const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g;
const USERINFO = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@]+@/gi;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/** A log without what looks like a secret. */
export const redacted = (log: string): string =>
  log
    .replace(PRIVATE_KEY, HIDDEN)
    .replace(BEARER, `$1 ${HIDDEN}`)
    .replace(JWT, HIDDEN)
    .replace(USERINFO, `$1${HIDDEN}@`)
    .replace(PAIR, (all: string, name: string, sign: string) =>
      isSecretName(name) ? name + sign + HIDDEN : all,
    );
