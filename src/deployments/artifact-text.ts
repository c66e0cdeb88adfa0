import { MAX_STRING_BYTES, stringFault } from "../artifact/json.ts";
import { requiredText } from "../platform/wire.ts";

/** Text that an artifact can carry: what it cannot is refused now, not when the artifact is made. */
export const artifactText = requiredText(1, 4096).superRefine((text, ctx) => {
  const fault = stringFault(text);
  if (fault === null) return;
  const tooLong = new TextEncoder().encode(text).length > MAX_STRING_BYTES;
  const message = tooLong ? `the length must be no more than ${MAX_STRING_BYTES} bytes` : fault;
  ctx.addIssue({ code: "custom", message });
});
