import type { Bench } from "../bench.ts";
import type { Feature } from "../programs.ts";
import { decommission, rejection } from "./admission.ts";
import { alreadyInstalled } from "./already-installed.ts";
import { abortedDownload, resumedDownload } from "./broken-download.ts";
import { brokenConnection } from "./broken-connection.ts";
import { commandLine } from "./command-line.ts";
import { configuration } from "./configuration.ts";
import { failingModule } from "./failing-module.ts";
import { fileCopy } from "./file-copy.ts";
import { firstUpdate } from "./first-update.ts";
import { generatedArtifact } from "./generated-artifact.ts";
import { groupAndReboot } from "./group-and-reboot.ts";
import { otherType } from "./other-type.ts";
import { hangingUp, portForward } from "./port-forward.ts";
import { phasedRollout } from "./phased-rollout.ts";
import { preauthorized } from "./preauthorized.ts";
import { remoteTerminal, vanishedUser } from "./remote-terminal.ts";
import { signedArtifact } from "./signed-artifact.ts";
import { toldDevice } from "./told-device.ts";

export interface Scenario {
  title: string;
  /** What of the device it needs besides the agent. */
  feature?: Feature;
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
  {
    title: "a rollout whose canary fails is reverted, and the fixed release goes through both phases",
    run: phasedRollout,
  },
  { title: "an artifact generated from a file puts that file on the device", run: generatedArtifact },
  {
    title: "a configuration reaches the device, comes back from it, and is refused by it",
    run: configuration,
    feature: "configuration",
  },
  {
    title: "a terminal shows what its commands print, and is on record",
    run: remoteTerminal,
    feature: "remote access",
  },
  { title: "a user who vanishes leaves no shell behind", run: vanishedUser, feature: "remote access" },
  {
    title: "files of every size go to the device and come back the same",
    run: fileCopy,
    feature: "remote access",
  },
  {
    title: "TCP and UDP ports of the device are brought to the user",
    run: portForward,
    feature: "remote access",
  },
  {
    title: "a port whose service hangs up brings all it said, again and again",
    run: hangingUp,
    feature: "remote access",
  },
  {
    title: "a broken connection comes back, and the shells it left are ended",
    run: brokenConnection,
    feature: "remote access",
  },
  { title: "a device that hardly ever asks is told to", run: toldDevice, feature: "remote access" },
];
