import { Kube } from "./kube";

/** A cluster together with what the engine needs to work on it. Composed by the caller; nothing here looks for one. */
export interface Target {
  /** Name for people and for folders, such as `default` for the embedded cluster of that name. */
  readonly name: string;
  /** Path of the kubeconfig. */
  readonly kubeconfig: string;
  /** @default the kubeconfig's current context */
  readonly context?: string;
  /**
   * Variables for the engine, on top of this process's own: PULUMI_BACKEND_URL, PULUMI_HOME, the passphrase's file, PATH
   * with the engine and its plugins. Never a secret's value.
   */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path of the `pulumi` binary. */
  readonly pulumi: string;
  /** Absolute path of the Pulumi.yaml of the program. */
  readonly projectFile: string;
  /** Value of `berth:platform`. @default the platform stack is somebody else's business and must exist */
  readonly platform?: unknown;
  /** Folder for the generated project and its stack files. */
  readonly workDir: string;
  /** Folder for records and receipts, beside the state. */
  readonly recordsDir: string;
  /**
   * Path of the log in which the nodes' policy agent notes each connection that it refuses.
   *
   * @default the cluster's network plugin keeps such a log somewhere else, or none
   */
  readonly egressLog?: string;
}

/**
 * Opens the target's cluster and makes sure that it answers.
 *
 * @throws BerthError (no cluster)
 */
export async function connect(target: Target): Promise<Kube> {
  const kube = Kube.load(target.kubeconfig, target.context);
  await kube.check();
  return kube;
}
