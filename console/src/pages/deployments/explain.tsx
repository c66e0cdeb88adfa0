import { api, bodyOf } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Close } from "../../parts/close.tsx";
import { Sheet } from "../../parts/sheet.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { When } from "../../parts/time.tsx";
import { DEPLOYMENT, deploymentPath } from "./model.ts";

/** Why a device has got a deployment or not, in the server's words. */
export function ExplainSheet({
  deployment,
  device,
  onClose,
}: {
  deployment: string;
  device: string;
  onClose: () => void;
}) {
  const reason = useResource(`deployment/${deployment}/explain/${device}`, async (signal) =>
    bodyOf(
      await api.GET(`${DEPLOYMENT}/devices/{device}/explain`, {
        params: { path: { id: deployment, device } },
        signal,
      }),
    ),
  );
  return (
    <Sheet title={`Why ${shortId(device)} is where it is`} onClose={onClose}>
      <Loaded of={reason}>
        {({ description, starts, earlier, device: told, artifacts = [] }) => (
          <>
            <p class="lead">{plain(description)}</p>
            <Facts
              of={[
                ["Starts", starts && <When at={starts} />],
                ["First comes", earlier && <a href={deploymentPath(earlier)}>{shortId(earlier)}</a>],
                ["The device has", told && plain(`${told.artifact_name}, as a ${told.device_type}`)],
                ...artifacts.map(
                  ({ id, type_fits: fits, unmet_depends: unmet }) =>
                    [
                      `Artifact ${shortId(id)}`,
                      fits
                        ? unmet.length === 0
                          ? "fits"
                          : `needs ${unmet.map(plain).join(", ")}`
                        : "is for another type",
                    ] as const,
                ),
              ]}
            />
          </>
        )}
      </Loaded>
      <Close />
    </Sheet>
  );
}
