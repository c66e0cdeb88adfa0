import type { LogMessage } from "../log-text.ts";
import { decisiveLines } from "./ending.ts";

/** What comes from outside, and is over some time later. */
export const CAUSES = ["network", "space", "power"] as const;

export type Cause = (typeof CAUSES)[number];

const SIGNS: Readonly<Record<Cause, RegExp>> = {
  space:
    /no space left|\benospc\b|disk (?:is )?full|(?:not enough|insufficient|out of) (?:free )?(?:disk |storage )?space|device or partition is full/i,
  network:
    /connection (?:was |has been )?(?:refused|reset|closed|aborted|lost|timed out)|network is (?:unreachable|down)|no route to host|host is unreachable|name resolution|(?:could not|couldn't|failed to) resolve|no such host|i\/o timeout|tls handshake|broken pipe|unexpected eof|end of (?:file|stream)|(?:request|operation|transfer|download) timed out|econn(?:refused|reset|aborted)|etimedout|enetunreach|ehostunreach/i,
  power:
    /power (?:was |has been )?(?:lost|loss|failure|failed|cut|outage|interrupted)|(?:unexpected|spontaneous|unplanned) (?:reboot|shut ?down|restart|power)|brown-?out|under-?voltage|low voltage|low battery|battery (?:is )?(?:too )?(?:low|empty)/i,
};

/** What no further attempt changes. */
const LASTING =
  /signature (?:verification|is invalid|check)|(?:verify|verifying|verification of|invalid|bad|no valid|missing) signature|not compatible|incompatible|no (?:update )?module|cannot find (?:update )?module|unsupported (?:artifact|payload|format|version)|depends|expected device type/i;

/** Why a device failed, as far as the end of its log tells; `lasting` if it would fail the same way again. */
export function causeOf(messages: readonly LogMessage[]): Cause | "lasting" | undefined {
  const lines = decisiveLines(messages).map(({ message }) => message);
  const found = CAUSES.find((cause) => lines.some((line) => SIGNS[cause].test(line)));
  return found ?? (lines.some((line) => LASTING.test(line)) ? "lasting" : undefined);
}
