import { AwsV4Signer } from "aws4fetch";
import type { Deps } from "../platform/deps.ts";
import type { DeviceId } from "../platform/ids.ts";
import type { OutgoingAnswer } from "../platform/send-outgoing.ts";
import {
  askCloud,
  CloudRefusal,
  isObject,
  objectIn,
  objectOf,
  textIn,
  type Cloud,
  type DeviceState,
  type HandOver,
  type Wanted,
} from "./cloud.ts";
import type { CredentialsOf } from "./credentials.ts";
import { newSigningRequest } from "./signing-request.ts";

interface Asking {
  json?: unknown;
  headers?: Record<string, string>;
  /** Statuses that are no failure besides those below 300. */
  accept?: readonly number[];
  /** Of the state of devices; all else is of the control plane. */
  isData?: boolean;
}

const PRINCIPAL = "x-amzn-principal";

/** The time of a signature, as it travels. */
const signingTime = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "");

const idOf = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

const stateIn = (payload: Record<string, unknown>): DeviceState => {
  const { desired, reported } = objectIn(payload, "state");
  return { ...(isObject(desired) && { desired }), ...(isObject(reported) && { reported }) };
};

/** AWS IoT Core in one region (protocol notes, iot-manager 7.2). */
class Core implements Cloud {
  readonly #deps: Deps;
  readonly #aws: CredentialsOf<"aws">["aws"];

  constructor(deps: Deps, { aws }: CredentialsOf<"aws">) {
    this.#deps = deps;
    this.#aws = aws;
  }

  async #ask(
    method: string,
    path: string,
    { json, headers = {}, accept = [], isData = false }: Asking = {},
  ): Promise<OutgoingAnswer> {
    const { access_key_id, secret_access_key, region } = this.#aws;
    const body = json === undefined ? null : JSON.stringify(json);
    const signed = await new AwsV4Signer({
      method,
      url: `https://${isData ? "data-ats.iot" : "iot"}.${region}.amazonaws.com${path}`,
      headers: { ...headers, ...(body !== null && { "Content-Type": "application/json" }) },
      ...(body !== null && { body }),
      accessKeyId: access_key_id,
      secretAccessKey: secret_access_key,
      service: isData ? "iotdata" : "iot",
      region,
      datetime: signingTime(this.#deps.now()),
    }).sign();
    const answer = await askCloud(this.#deps, {
      uri: signed.url.href,
      method,
      headers: signed.headers,
      body,
    });
    if (answer.status < 300 || accept.includes(answer.status)) return answer;
    throw new CloudRefusal(`core: unexpected status code from API: ${answer.status}`, answer.status);
  }

  /** The version of a thing; undefined where there is none. */
  async #thing(device: DeviceId): Promise<{ version: string } | undefined> {
    const answer = await this.#ask("GET", `/things/${encodeURIComponent(device)}`, { accept: [404] });
    if (answer.status === 404) return undefined;
    const { version } = objectOf(answer);
    return { version: typeof version === "number" ? String(version) : "" };
  }

  async #principals(device: DeviceId): Promise<string[]> {
    const { principals } = objectOf(
      await this.#ask("GET", `/things/${encodeURIComponent(device)}/principals`),
    );
    return Array.isArray(principals) ? principals.filter((arn) => typeof arn === "string") : [];
  }

  async put(device: DeviceId, { isOn, handOver }: Wanted): Promise<void> {
    const thing = await this.#thing(device);
    if (!thing) await this.#ask("POST", `/things/${encodeURIComponent(device)}`, { json: {} });
    const [principal, ...more] = thing ? await this.#principals(device) : [];
    if (more.length > 0) throw new CloudRefusal("device is not consistent");
    if (principal === undefined) return this.#certify(device, isOn, handOver);
    const path = `/certificates/${encodeURIComponent(idOf(principal))}`;
    const { status } = objectIn(objectOf(await this.#ask("GET", path)), "certificateDescription");
    const wanted = isOn ? "ACTIVE" : "INACTIVE";
    if (status !== wanted) await this.#ask("PUT", `${path}?newStatus=${wanted}`);
  }

  /**
   * Gives a thing a certificate. It is attached after the device was handed its key: a thing that has one has a device
   * that can use it, and a try that broke off is made anew.
   */
  async #certify(device: DeviceId, isOn: boolean, handOver: HandOver): Promise<void> {
    const { request, privateKey } = await newSigningRequest(device);
    const made = objectOf(
      await this.#ask("POST", `/certificates?setAsActive=${isOn}`, {
        json: { certificateSigningRequest: request },
      }),
    );
    const arn = textIn(made, "certificateArn");
    const certificate = textIn(made, "certificatePem");
    const endpoint = textIn(
      objectOf(await this.#ask("GET", "/endpoint?endpointType=iot%3AData-ATS")),
      "endpointAddress",
    );
    if (arn === "" || certificate === "" || endpoint === "")
      throw new CloudRefusal("the cloud gave no certificate or no endpoint");
    await this.#ask("PUT", `/target-policies/${encodeURIComponent(this.#aws.device_policy_name)}`, {
      json: { target: arn },
    });
    await handOver({ awsCertificate: certificate, awsPrivateKey: privateKey, awsEndpoint: endpoint });
    await this.#ask("PUT", `/things/${encodeURIComponent(device)}/principals`, {
      headers: { [PRINCIPAL]: arn },
    });
  }

  async remove(device: DeviceId): Promise<void> {
    const thing = await this.#thing(device);
    if (!thing) return;
    const path = `/things/${encodeURIComponent(device)}`;
    for (const arn of await this.#principals(device)) {
      const certificate = `/certificates/${encodeURIComponent(idOf(arn))}`;
      await this.#ask("DELETE", `${path}/principals`, { headers: { [PRINCIPAL]: arn } });
      await this.#ask("PUT", `${certificate}?newStatus=INACTIVE`);
      await this.#ask("DELETE", `${certificate}?forceDelete=true`);
    }
    // The cloud takes its time; the next try of this delivery looks again.
    if ((await this.#principals(device)).length > 0)
      throw new CloudRefusal("giving up on waiting for Thing principal being detached");
    const version = thing.version === "" ? "" : `?expectedVersion=${encodeURIComponent(thing.version)}`;
    await this.#ask("DELETE", `${path}${version}`, { accept: [404] });
  }

  async state(device: DeviceId): Promise<DeviceState | undefined> {
    const path = `/things/${encodeURIComponent(device)}/shadow`;
    const answer = await this.#ask("GET", path, { isData: true, accept: [404] });
    if (answer.status !== 404) return { desired: {}, reported: {}, ...stateIn(objectOf(answer)) };
    return (await this.#thing(device)) && { desired: {}, reported: {} };
  }

  async setDesired(device: DeviceId, desired: Record<string, unknown>): Promise<DeviceState | undefined> {
    if (!(await this.#thing(device))) return undefined;
    const path = `/things/${encodeURIComponent(device)}/shadow`;
    return stateIn(objectOf(await this.#ask("POST", path, { json: { state: { desired } }, isData: true })));
  }
}

export const coreOf = (deps: Deps, credentials: CredentialsOf<"aws">): Cloud => new Core(deps, credentials);
