import { X509Certificate, constants, createCipheriv, publicEncrypt, randomBytes, type KeyObject } from "node:crypto";
import { SEALED_SECRETS } from "../config/names";
import { BerthError, ExitCode, messageOf } from "./errors";
import { isStatus, pause, type Kube } from "./kube";
import { ensurePlatform } from "./platform";
import { silent, type Progress, type Stops } from "./progress";
import { connect, type Target } from "./target";

/** How long a controller that is just starting may take to make its key, in milliseconds. */
const keyPatience = 120_000;

/** Between two questions for it, in milliseconds. */
const keyPoll = 1_000;

/**
 * Encrypts a value so that the cluster's SealedSecrets controller alone can read it, for any namespace and name of that cluster: an
 * environment's namespace is not known when the value is sealed. The form is that of `kubeseal --raw --scope cluster-wide`.
 *
 * @returns base64
 */
export function seal(publicKey: KeyObject, value: Buffer): string {
  const key = randomBytes(32);
  const wrapped = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, key);
  // A key is used once, so that the nonce need not differ.
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(wrapped.length);
  return Buffer.concat([length, wrapped, cipher.update(value), cipher.final(), cipher.getAuthTag()]).toString("base64");
}

/**
 * Asks the controller for the key that it takes sealed values for at present.
 *
 * @throws BerthError (prerequisite) when the cluster has no such controller, or it does not answer.
 */
export async function sealingKey(kube: Kube, signal?: AbortSignal): Promise<KeyObject> {
  const { namespace, name, port } = SEALED_SECRETS;
  const path = `/api/v1/namespaces/${namespace}/services/http:${name}:${port}/proxy/v1/cert.pem`;
  const deadline = Date.now() + keyPatience;
  for (;;) {
    try {
      return new X509Certificate(await kube.text(path, {})).publicKey;
    } catch (error) {
      // 503: its Service has no pod that is ready yet.
      if (isStatus(error, 503) && Date.now() < deadline && signal?.aborted !== true) {
        await pause(keyPoll, signal);
        continue;
      }
      throw new BerthError(`the SealedSecrets controller of this cluster gives no key: ${messageOf(error)}`, {
        fix: "have the platform's owner set sealedSecrets of berth:platform; on the embedded cluster, `berth seal` brings it up.",
        exitCode: ExitCode.prerequisite,
        cause: error,
      });
    }
  }
}

/**
 * Seals a value for a cluster, bringing its platform up to date first.
 *
 * @returns what may stand in berth.yaml
 * @throws BerthError
 */
export async function sealFor(
  target: Target,
  value: Buffer,
  { progress = silent, ...stops }: Stops & { readonly progress?: Progress },
): Promise<string> {
  const kube = await connect(target);
  await ensurePlatform(target, kube, progress, stops);
  return seal(await sealingKey(kube, stops.signal), value);
}
