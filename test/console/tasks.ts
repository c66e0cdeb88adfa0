import type { Tab } from "./browser.ts";
import { RELEASE } from "./fleet.ts";

/** What a task has to do with. */
export interface Hands extends Tab {
  /** A device whose update failed, and the deployment in which it did. */
  failed: { device: string; deployment: string };
  /** An artifact on disk that the server does not have, and the name of its release. */
  file: { path: string; release: string };
}

export interface Task {
  /** As people ask it. */
  name: string;
  /** Clicks from the first page on; what is typed is not counted. */
  clicks: number;
  work: (hands: Hands) => Promise<void>;
}

const button = ({ page }: Hands, name: string | RegExp) =>
  page.getByRole("button", { name, exact: typeof name === "string" });
const inDialog = ({ page }: Hands, name: string) =>
  page.getByRole("dialog").getByRole("button", { name, exact: true });
const menu = ({ page }: Hands, name: string) =>
  page.getByRole("navigation", { name: "Menu" }).getByRole("link", { name, exact: true });

/** What people come for most often, each from the first page of somebody who is signed in. */
export const TASKS: readonly Task[] = [
  {
    name: "Is anything wrong?",
    clicks: 0,
    work: ({ page }) => page.getByRole("list", { name: "What needs you" }).waitFor(),
  },
  {
    name: "Why did this device not get it?",
    clicks: 2,
    work: async (hands) => {
      const { page, failed } = hands;
      await page.keyboard.press("Control+k");
      await page.keyboard.type(failed.device);
      await page.getByRole("option").filter({ hasText: failed.device }).waitFor();
      await page.keyboard.press("Enter");
      const tabs = page.getByRole("navigation", { name: "About this device" });
      await tabs.getByRole("link", { name: "Deployments" }).click();
      await button(hands, /log/i).first().click();
      await page.getByText("no space left on /data").first().waitFor();
    },
  },
  {
    name: "Let the new device in",
    clicks: 2,
    work: async (hands) => {
      await hands.page.getByRole("link", { name: "Decide" }).click();
      const rows = hands.page.locator("tbody tr");
      await rows.first().waitFor();
      const before = await rows.count();
      await button(hands, "Accept").first().click();
      await rows.nth(before - 1).waitFor({ state: "detached" });
    },
  },
  {
    name: "Bring this file to all devices, carefully",
    clicks: 5,
    work: async (hands) => {
      const { page, file } = hands;
      await menu(hands, "Releases").click();
      await page.getByRole("link", { name: "Upload" }).click();
      await page.getByLabel("Drop a file here").setInputFiles(file.path);
      await button(hands, "Upload").click();
      await page.getByRole("link", { name: "Deploy this" }).click();
      await button(hands, "Create the deployment").click();
      await page.getByRole("heading", { level: 1, name: file.release }).waitFor();
      await page.getByText(/It pauses at 5 % failures/).waitFor();
    },
  },
  {
    name: "Hold this rollout, then let it go on",
    clicks: 6,
    work: async (hands) => {
      const { page, file } = hands;
      await menu(hands, "Deployments").click();
      await page.getByRole("link", { name: file.release, exact: true }).first().click();
      await button(hands, "Pause").click();
      await inDialog(hands, "Pause").click();
      await button(hands, "Resume").click();
      await inDialog(hands, "Resume").click();
      await button(hands, "Pause").waitFor();
    },
  },
  {
    name: "Stop this rollout",
    clicks: 4,
    work: async (hands) => {
      const { page, file } = hands;
      await menu(hands, "Deployments").click();
      await page.getByRole("link", { name: file.release, exact: true }).first().click();
      await button(hands, "Abort").click();
      await inDialog(hands, "Abort").click();
      await page.getByText("aborted", { exact: true }).first().waitFor();
    },
  },
  {
    name: "Once more to those that failed",
    clicks: 4,
    work: async (hands) => {
      const { page, failed } = hands;
      await menu(hands, "Deployments").click();
      await page.getByRole("link", { name: failed.deployment }).click();
      await button(hands, "Retry the failed").click();
      await inDialog(hands, "Retry the failed").click();
      await button(hands, "Abort").waitFor();
    },
  },
  {
    name: "Which devices run this release?",
    clicks: 3,
    work: async (hands) => {
      await menu(hands, "Releases").click();
      await hands.page.getByRole("link", { name: RELEASE, exact: true }).click();
      await hands.page.getByRole("link", { name: "Devices on it" }).click();
      await hands.page.getByText(/^1–\d+ of \d+$/).waitFor();
    },
  },
  {
    name: "Put all devices of this type into a group",
    clicks: 4,
    work: async (hands) => {
      const { page } = hands;
      await page.keyboard.press("/");
      await page.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("status:accepted type:board-b");
      await page.keyboard.press("Enter");
      await page.getByText("1–3 of 3").waitFor();
      await page.getByRole("checkbox", { name: "Select all on this page" }).click();
      await button(hands, "Put into a group").click();
      await page.getByRole("combobox", { name: "Group" }).fill("line-7");
      await inDialog(hands, "Put into a group").click();
      await page.getByText("3 of 3 devices done.").waitFor();
      await inDialog(hands, "Close").click();
    },
  },
  {
    name: "Who did that to this deployment?",
    clicks: 2,
    work: async (hands) => {
      const { page } = hands;
      await menu(hands, "Audit log").click();
      await page.getByRole("row").filter({ hasText: "deployment" }).getByRole("link").last().click();
      await page.getByRole("table").waitFor();
    },
  },
];
