import { refuseBad } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { Close } from "../../parts/close.tsx";
import { Sheet } from "../../parts/sheet.tsx";
import { plain, shortId } from "../../parts/text.ts";
import { Log } from "../../parts/log.tsx";

/** What terminals would take for colours. */
// oxlint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[\d;]*m/g;

/** A device's log of an update, as text and nothing else. */
export function LogSheet({
  deployment,
  device,
  onClose,
}: {
  deployment: string;
  device: string;
  onClose: () => void;
}) {
  const path = `/api/management/v1/deployments/deployments/${deployment}/devices/${device}/log`;
  const log = useResource(`log/${path}`, async (signal) =>
    (await refuseBad(await fetch(path, { signal }))).text(),
  );
  return (
    <Sheet title={`Log of ${shortId(device)}`} onClose={onClose}>
      <Loaded of={log}>{(text) => <Log label="Log" text={plain(text.replace(COLOURS, ""))} />}</Loaded>
      <Close />
    </Sheet>
  );
}
