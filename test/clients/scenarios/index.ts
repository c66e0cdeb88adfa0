import type { Bench } from "../bench.ts";
import { decommission, rejection } from "./admission.ts";
import { alreadyInstalled } from "./already-installed.ts";
import { abortedDownload, resumedDownload } from "./broken-download.ts";
import { commandLine } from "./command-line.ts";
import { failingModule } from "./failing-module.ts";
import { firstUpdate } from "./first-update.ts";
import { groupAndReboot } from "./group-and-reboot.ts";
import { otherType } from "./other-type.ts";
import { preauthorized } from "./preauthorized.ts";
import { signedArtifact } from "./signed-artifact.ts";

export interface Scenario {
  title: string;
  run: (bench: Bench) => Promise<void>;
}

/** They share the server and nothing else, and run side by side. */
export const SCENARIOS: Scenario[] = [
  { title: "a new device is accepted, seen and updated over http", run: firstUpdate("http") },
  { title: "a new device is accepted, seen and updated over https", run: firstUpdate("https") },
  { title: "a failing module is reported with its log, and a second attempt succeeds", run: failingModule },
  { title: "a device of another type gets no artifact", run: otherType },
  { title: "mender-cli lists and deletes", run: commandLine },
  { title: "a decommissioned device comes back as a new pending one", run: decommission },
  { title: "a rejected device is out, and in again when accepted", run: rejection },
  { title: "a download cut in the middle is resumed", run: resumedDownload },
  {
    title: "an abort during the download stops the device, and the next deployment succeeds",
    run: abortedDownload,
  },
  { title: "an installed artifact is not installed again, forced or not", run: alreadyInstalled },
  { title: "a device with a verification key installs signed artifacts only", run: signedArtifact },
  { title: "preauthorized devices with every kind of key are in at once", run: preauthorized },
  { title: "a deployment to a group survives the restart it asks for", run: groupAndReboot },
];
