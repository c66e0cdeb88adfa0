import type { ComponentType } from "preact";
import lazy from "preact-iso/lazy";
import { Page } from "./page.tsx";
import { Problem } from "./problem.tsx";

const MARK = "edgemend.reloaded";
const MINUTE_MS = 60_000;

/** After a deployment the programs of the version before are gone: the page is loaded anew, once. */
async function reloadIfNew(): Promise<void> {
  if (Date.now() - Number(sessionStorage.getItem(MARK)) < MINUTE_MS) return;
  const { ok } = await fetch("/", { method: "GET" });
  if (!ok) return;
  sessionStorage.setItem(MARK, String(Date.now()));
  location.reload();
}

/** A page whose program is loaded when it is shown; says so where it cannot be. */
export const page = (load: () => Promise<ComponentType>) =>
  lazy(async () => {
    try {
      return await load();
    } catch (cause) {
      await reloadIfNew().catch(() => {});
      return () => (
        <Page title="The page was not loaded">
          <Problem error={cause} again={() => location.reload()} />
        </Page>
      );
    }
  });
