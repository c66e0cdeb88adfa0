import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agentOf } from "../../../console/src/pages/settings/agent.ts";

const KIT = "AppleWebKit/537.36 (KHTML, like Gecko)";

describe("what somebody is signed in on", () => {
  it.each([
    [`Mozilla/5.0 (X11; Linux x86_64) ${KIT} HeadlessChrome/156.0.0.0 Safari/537.36`, "Chrome 156 on Linux"],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${KIT} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0`,
      "Edge 156 on Windows",
    ],
    [`Mozilla/5.0 (Linux; Android 14) ${KIT} Chrome/156.0.0.0 Mobile Safari/537.36`, "Chrome 156 on Android"],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0",
      "Firefox 140 on macOS",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
      "Safari 18 on iPhone",
    ],
    ["mender-cli/1.12", "mender-cli/1.12"],
  ])("%s", (told, shown) => expect(agentOf(told)).toBe(shown));

  it("is told of anything, and shortens nothing but what browsers say", () =>
    fc.assert(
      fc.property(fc.string(), (text) => agentOf(text) === text || /^[A-Z]\w+ \d+/.test(agentOf(text))),
    ));
});
