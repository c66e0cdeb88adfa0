import { afterAll, describe, expect, test } from "vitest";
import { Installation } from "./installations/fill.ts";
import { keptInstallations, unpack } from "./installations/kept.ts";
import { cleanUp, LocalServer, newFolder } from "./server-process.ts";

afterAll(cleanUp);

/** What the login of the test itself changes. */
const ANEW = /\.login_ts:/;

/** Places where an answer does not tell what it told before; there may be further members. */
function lost(before: unknown, now: unknown, place: string): string[] {
  if (typeof before !== "object" || before === null)
    return before === now ? [] : [`${place}: ${JSON.stringify(before)} is ${JSON.stringify(now)}`];
  if (
    typeof now !== "object" ||
    now === null ||
    (Array.isArray(before) && before.length !== Object.keys(now).length)
  )
    return [`${place}: ${JSON.stringify(before)} is ${JSON.stringify(now)}`];
  const members = now as Record<string, unknown>;
  return Object.entries(before).flatMap(([name, value]) => lost(value, members[name], `${place}.${name}`));
}

describe.each(keptInstallations())("an installation of %s", (name) => {
  test("opens with all that it had, and its devices go on where they were", async () => {
    const data = newFolder();
    const { admin, devices, answers } = unpack(name, data);
    const server = await LocalServer.start(data);
    const installation = new Installation(server.ready.url);
    await installation.login(admin);
    const missed = lost(answers, await installation.answers(), "").filter((place) => !ANEW.test(place));
    expect(missed).toEqual([]);

    const [first, second] = await Promise.all(devices.map(({ mac }) => installation.authenticate(mac)));
    expect(await installation.authenticate("02:00:00:00:00:03")).toBeUndefined();
    const underWay = await installation.next(second!, "release-1");
    await installation.tell(second!, underWay!, "success");
    const toCome = await installation.next(first!, "release-1");
    expect(await installation.next(second!, "release-1")).toBe(toCome);
    const deployments = answers.deployments as { id: string; name: string }[];
    const idOf = (wanted: string) => deployments.find(({ name: called }) => called === wanted)?.id;
    expect([underWay, toCome]).toEqual([idOf("under way"), idOf("to come")]);
    expect(await server.stop()).toBe(0);
  });
});
