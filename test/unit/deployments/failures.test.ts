import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { causeOf, CAUSES } from "../../../src/deployments/failures/cause.ts";
import { endingOf, folded, printOf } from "../../../src/deployments/failures/ending.ts";
import { MAX_POINTS, withPoint, type Point } from "../../../src/deployments/progress/points.ts";

const number = fc.oneof(
  fc.nat(),
  fc.double({ min: 0, max: 1e6, noNaN: true, noDefaultInfinity: true }).map((n) => n.toFixed(3)),
);
const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: digits, maxLength: digits });
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV4().map((ip) => `${ip}:8443`),
  fc.webUrl({ withQueryParameters: true }).map((url) => url.replace(/["'<>\s]/g, "")),
  fc.emailAddress({ localPart: undefined } as never).map((mail) => mail.replace(/[^\w@.-]/g, "x")),
  fc.array(hex(2), { minLength: 6, maxLength: 6 }).map((parts) => parts.join(":")),
  fc.array(hex(4), { minLength: 8, maxLength: 8 }).map((parts) => parts.join(":")),
);
const id = fc.oneof(
  fc.uuid(),
  hex(40),
  hex(64),
  hex(16).map((text) => `0x${text}`),
);

const line = (message: string, level: string | null = "error") => ({ timestamp: null, level, message });

describe("what is folded away", () => {
  it("are numbers, ids and addresses, whatever they are", () => {
    const text = (n: unknown, i: string, a: string) =>
      folded(`cannot write block ${n} of image ${i} from ${a} to mmcblk0p${n}`);
    fc.assert(
      fc.property(number, number, id, id, address, address, (n, m, i, j, a, b) => {
        expect(text(n, i, a)).toBe(text(m, j, b));
      }),
    );
    expect(text(7, "0123456789abcdef", "10.0.0.1")).toBe(
      "cannot write block # of image # from <address> to mmcblk#p#",
    );
  });

  it.each([
    ["12:30:05 dial tcp [fe80::1]:443: connect", "# dial tcp [<address>]:#: connect"],
    ["http://10.1.2.3/a?b=c said 503", "<address> said #"],
    ["std::runtime_error: version 1.2.3", "std::runtime_error: version #"],
    ["mac 02:00:5e:00:53:01 of a@b.example.com", "mac <address> of <address>"],
    ["password=hunter2 is wrong", "password=*** is wrong"],
    ["exit   status\t3", "exit status #"],
  ])("%j is %j", (text, expected) => expect(folded(text)).toBe(expected));

  it("leaves nothing to fold, and no more than a line", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."abcdef 0123456789:.-/@#<>xyz=_".split("")), maxLength: 400 }),
        (text) => {
          const once = folded(text);
          expect(once).not.toMatch(/\d/);
          expect(once.length).toBeLessThanOrEqual(300);
          expect(folded(once)).toBe(once);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("the end of a log", () => {
  it("is its last errors, each once however often it is repeated", async () => {
    const log = [
      line("starting", "info"),
      line("first"),
      line("second"),
      ...Array.from({ length: 50 }, (_, i) => line(`attempt ${i} failed`)),
      line("rolling back", "info"),
      line("gave up", "fatal"),
      line("done", "info"),
    ];
    expect(endingOf(log)).toBe("second\nattempt # failed\ngave up");
    expect(await printOf(endingOf(log))).toMatch(/^[\w-]{22}$/);
  });

  it("is its last lines where nothing tells of an error, and of a device without levels", () => {
    const lines = ["a", "b", "c", "d"];
    expect(endingOf(lines.map((text) => line(text, "info")))).toBe("b\nc\nd");
    expect(endingOf(lines.map((text) => line(text, null)))).toBe("b\nc\nd");
  });

  it("is the same on devices that differ in what is folded only", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 6 }), (pairs) => {
        const log = (side: 0 | 1) =>
          pairs.map((pair, i) => line(`step ${"abcdef"[i]} took ${pair[side]} ms`));
        expect(endingOf(log(0))).toBe(endingOf(log(1)));
      }),
    );
  });

  it("is found of anything that can be sent", () => {
    const message = fc.record({
      timestamp: fc.constant(null),
      level: fc.option(fc.string()),
      message: fc.string({ minLength: 1, maxLength: 2000 }),
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 20 }), (log) => {
        expect(endingOf(log).length).toBeLessThan(3 * 301);
      }),
    );
  });
});

describe("the points of a deployment", () => {
  it("are at most 500 however long it takes, in order, and end with the last", () => {
    let state: { points: Point[]; stepMs: number } = { points: [], stepMs: 1 };
    let atMs = 0;
    for (let i = 1; i <= 20_000; i++) {
      atMs += state.stepMs;
      state = withPoint(state, [atMs, i, 0, 0, 0]);
      expect(state.points.length).toBeLessThanOrEqual(MAX_POINTS);
      expect(state.points.at(-1)?.[1]).toBe(i);
    }
    const times = state.points.map(([ms]) => ms);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // As often at the beginning as at the end.
    const gaps = times.slice(1).map((ms, i) => ms - times[i]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(4 * Math.min(...gaps));
  });
});

describe("the cause of a failure", () => {
  const of = (...lines: string[]) =>
    causeOf(lines.map((message) => ({ timestamp: null, level: "error", message })));

  it.each([
    ["Get https://mender.example/: dial tcp: lookup mender.example: no such host", "network"],
    ["Could not resolve host: s3.example", "network"],
    ["read tcp 10.0.0.2:4422->10.0.0.1:443: read: connection reset by peer", "network"],
    ["Connection was closed by the peer", "network"],
    ["net/http: TLS handshake timeout", "network"],
    ["write /dev/mmcblk0p3: no space left on device", "space"],
    ["Not enough free space to store the artifact", "space"],
    ["update aborted: battery too low (11 %)", "power"],
    ["state machine interrupted by an unexpected reboot", "power"],
    ["Artifact signature verification failed", "lasting"],
    ["image (device types [pi3]) not compatible with device pi4", "lasting"],
    ["Artifact depends on rootfs-image.version of release-1", "lasting"],
    ["No update module found for type docker", "lasting"],
    ["ArtifactInstall_Enter_00: exit status 1", undefined],
    ["", undefined],
  ])("in %j is %s", (line, cause) => {
    expect(of("something went wrong", line)).toBe(cause);
  });

  it("is told by errors alone where there are some, and by the end", () => {
    const info = { timestamp: null, level: "info", message: "connection refused, trying again" };
    const error = { timestamp: null, level: "error", message: "exit status 1" };
    expect(causeOf([info, error])).toBeUndefined();
    expect(causeOf([info])).toBe("network");
    expect(
      of("no space left on device", ...Array.from({ length: 100 }, () => "exit status 1")),
    ).toBeUndefined();
  });

  it("is one of the known ones for whatever is sent, in no time", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 2000 })), (lines) => {
        expect([undefined, "lasting", ...CAUSES]).toContain(of(...lines));
      }),
    );
  });
});
