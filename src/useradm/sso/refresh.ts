import type { Deps } from "../../platform/deps.ts";
import { rereadOidc } from "./oidc-settings.ts";
import { rereadSaml } from "./saml-metadata.ts";
import { refreshProviderStatement, type Provider } from "./provider-store.ts";

const REFRESH_AFTER_MS = 86_400_000;

/** Reads a provider anew after the answer, once a day at most, where it is published at an address. What fails changes nothing. */
export function refreshLater(deps: Deps, provider: Provider): void {
  const { fetchedMs } = provider;
  if (fetchedMs === null || deps.now() - fetchedMs < REFRESH_AFTER_MS) return;
  const work = async () => {
    const read = await (provider.kind === "oidc" ? rereadOidc : rereadSaml)(deps, provider);
    await deps.directory.uncounted().one(refreshProviderStatement(read));
  };
  deps.later(
    work().catch((cause: unknown) =>
      deps.log.info("provider not read anew", { provider: provider.id, cause }),
    ),
  );
}
