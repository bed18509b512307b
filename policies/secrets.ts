import type { Policies } from "@pulumi/policy";
import { containersOf, podOf, WORKLOADS, type KubeObject, type Workload } from "./kubernetes";
import { resourcePolicy, type Attempt } from "./rule";
import { findSecrets, LIMITS, type Limits, type Value } from "./secret-values";

/*
 * Where secrets may stand, and where they lie at rest. Whether a value is secret in the program is not seen by a policy: the engine hands it over in the clear.
 */

interface Described extends Workload {
  /** Of a ConfigMap. */
  readonly data?: Record<string, string>;
  /** Of a Helm release or chart. */
  readonly values?: object;
  /** Of machines in AWS, in base64 where the field's name says so, and always for a launch template. */
  readonly userData?: string;
  readonly userDataBase64?: string;
  /** Of a variable of GitHub Actions. */
  readonly variableName?: string;
  readonly value?: string;
}

const DESCRIBED =
  /^(kubernetes:.*|aws:ec2\/(launchTemplate:LaunchTemplate|instance:Instance)|github:index\/actions\w*Variable:Actions\w*Variable)$/;

/** Texts of a resource that anybody may read who may see it. */
function readableValues(type: string, props: Described, attempt: Attempt): Value[] {
  const values: Value[] = [];
  const add = (place: string, name: string, read: () => unknown, formatsOnly = false): void => {
    attempt(() => {
      const value = read();
      if (typeof value === "string") values.push({ place, name, text: value, formatsOnly });
      else if (typeof value === "object" && value !== null) {
        for (const key of Object.keys(value)) {
          add(`${place}.${key}`, key, () => (value as Record<string, unknown>)[key], formatsOnly);
        }
      }
    });
  };
  if (type.startsWith("github:")) {
    attempt(() => {
      const name = props.variableName ?? "";
      add(`value of ${name}`, name, () => props.value);
    });
    return values;
  }
  if (type.startsWith("aws:")) {
    const isTemplate = type.endsWith(":LaunchTemplate");
    add("userData", "userData", () => (isTemplate ? decoded(props.userData) : props.userData), true);
    add("userDataBase64", "userData", () => decoded(props.userDataBase64), true);
    return values;
  }
  add("metadata.annotations", "", () => props.metadata?.annotations);
  if (/:ConfigMap(Patch)?$/.test(type)) add("data", "", () => props.data);
  if (type.startsWith("kubernetes:helm.sh/")) add("values", "", () => props.values);
  if (WORKLOADS.test(type)) {
    attempt(() => {
      const pod = podOf(type, props);
      add("annotations of the pod", "", () => pod.metadata?.annotations);
      for (const { place, container } of containersOf(pod.spec ?? {})) {
        attempt(() => {
          (container.env ?? []).forEach((variable, index) => {
            attempt(() => {
              const name = variable.name ?? "";
              add(`${place}.env[${index}] (${name})`, name, () => variable.value);
            });
          });
        });
        for (const field of ["command", "args"] as const) {
          attempt(() => {
            (container[field] ?? []).forEach((_text, index, list) => {
              attempt(() => {
                const [flag = "", ...rest] = (list[index] ?? "").split("=");
                const isFlag = flag.startsWith("-") && rest.length > 0;
                const before = index > 0 ? (list[index - 1] ?? "") : "";
                const name = isFlag ? flag : before.startsWith("-") && !before.includes("=") ? before : "";
                add(`${place}.${field}[${index}]`, name.replace(/^-+/, ""), () =>
                  isFlag ? rest.join("=") : list[index],
                );
              });
            });
          });
        }
      }
    });
  }
  return values;
}

function decoded(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("utf8");
}

/** Secrets stand in Secrets. */
export const noSecretOutsideSecret = resourcePolicy<Described, Limits & { harmless: readonly string[] }>({
  name: "no-secret-outside-secret",
  description:
    "Checks that no variable, ConfigMap, annotation, argument, Helm value, user data or variable of GitHub Actions looks like a secret.",
  severity: "critical",
  remediation: "put the value into a Secret and refer to it; if it is harmless, name it in the parameter `harmless`.",
  url: "https://kubernetes.io/docs/concepts/configuration/secret/",
  types: DESCRIBED,
  parameters: {
    base64Entropy: {
      type: "number",
      minimum: 0,
      default: LIMITS.base64Entropy,
      description: "Bits for each character from which a text of letters and digits counts as random.",
    },
    hexEntropy: {
      type: "number",
      minimum: 0,
      default: LIMITS.hexEntropy,
      description: "The same for a value whose name says that it is a secret.",
    },
    harmless: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Names of variables, keys and arguments whose values are no secrets, whatever they look like.",
    },
  },
  check: async ({ type, props, config, report, attempt }) => {
    // Of a Secret only the annotations are shown, as of any other object.
    const values = readableValues(type, props, attempt).filter(({ name }) => !config.harmless.includes(name));
    if (values.length === 0) return;
    for (const { value, kind } of await findSecrets(values, config))
      report(`${value.place} looks like a secret: ${kind}`);
  },
});

interface EksCluster {
  readonly encryptionConfigKeyArn?: string;
  readonly encryptionConfig?: {
    readonly provider?: { readonly keyArn?: string };
    readonly resources?: readonly string[];
  };
}

/** Secrets in etcd are encrypted by a key that the owner of the account holds. */
export const eksSecretsEncrypted = resourcePolicy<EksCluster>({
  name: "eks-secrets-encrypted",
  description: "Checks that EKS encrypts the Secrets of Kubernetes with a customer's key.",
  severity: "high",
  remediation: "give the cluster a KMS key in its encryption config.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
  types: /^(eks:index|aws:eks\/cluster):Cluster$/,
  check: ({ type, props, report, attempt }) => {
    attempt(() => {
      const config = props.encryptionConfig;
      const isEncrypted = type.startsWith("aws:")
        ? Boolean(config?.provider?.keyArn) && (config?.resources ?? []).includes("secrets")
        : Boolean(props.encryptionConfigKeyArn);
      if (!isEncrypted) report("Secrets are not encrypted with a key of the customer");
    });
  },
});

interface Ebs {
  readonly encrypted?: boolean | string;
  readonly kmsKeyId?: string;
}

interface Storage extends Ebs {
  readonly blockDeviceMappings?: readonly { readonly deviceName?: string; readonly ebs?: Ebs }[];
  readonly parameters?: Record<string, string>;
  readonly provisioner?: string;
  readonly rules?: readonly {
    readonly applyServerSideEncryptionByDefault?: { readonly sseAlgorithm?: string; readonly kmsMasterKeyId?: string };
  }[];
  readonly encryptionConfigurations?: readonly { readonly encryptionType?: string; readonly kmsKey?: string }[];
  readonly kmsMasterKeyId?: string;
  readonly sqsManagedSseEnabled?: boolean;
  readonly storageEncrypted?: boolean;
}

const STORAGE =
  /^(kubernetes:storage\.k8s\.io\/v1:StorageClass|aws:(ebs\/volume:Volume|ec2\/launchTemplate:LaunchTemplate|s3\/bucketServerSideEncryptionConfiguration(V2)?:BucketServerSideEncryptionConfiguration(V2)?|ecr\/repository:Repository|sns\/topic:Topic|sqs\/queue:Queue|rds\/(instance:Instance|cluster:Cluster)))$/;

/** Data at rest are encrypted, by a key of the customer's where the stack says so. */
export const storageEncrypted = resourcePolicy<Storage, { customerKey: boolean }>({
  name: "storage-encrypted",
  description:
    "Checks that volumes, buckets, registries, topics, queues and databases in AWS are encrypted with a customer's key.",
  severity: "high",
  remediation: "name a KMS key, or set `customerKey: false` where a key of AWS's is enough.",
  url: "https://docs.aws.amazon.com/prescriptive-guidance/latest/encryption-best-practices/welcome.html",
  types: STORAGE,
  parameters: {
    customerKey: { type: "boolean", default: true, description: "Whether the key has to be the customer's own." },
  },
  check: ({ type, props, config, report, attempt }) => {
    const needsKey = (place: string, isEncrypted: boolean, key: () => string | undefined): void => {
      attempt(() => {
        if (!isEncrypted) report(`${place} is not encrypted`);
        else if (config.customerKey && !key()) report(`${place} is encrypted with a key of AWS's`);
      });
    };
    const isTrue = (value: boolean | string | undefined) => String(value) === "true";
    const kind = type.split(":").at(-1) ?? "";
    if (kind === "StorageClass") {
      if (props.provisioner !== "ebs.csi.aws.com") return;
      needsKey("the volumes' class", isTrue(props.parameters?.["encrypted"]), () => props.parameters?.["kmsKeyId"]);
    } else if (kind === "LaunchTemplate") {
      (props.blockDeviceMappings ?? []).forEach((mapping, index) => {
        attempt(() => {
          const { ebs } = mapping;
          if (ebs) needsKey(`blockDeviceMappings[${index}]`, isTrue(ebs.encrypted), () => ebs.kmsKeyId);
        });
      });
    } else if (kind.startsWith("BucketServerSideEncryption")) {
      (props.rules ?? []).forEach((rule, index) => {
        attempt(() => {
          const by = rule.applyServerSideEncryptionByDefault;
          const isKms = by?.sseAlgorithm?.startsWith("aws:kms") ?? false;
          needsKey(`rules[${index}]`, by !== undefined, () => (isKms ? by?.kmsMasterKeyId : undefined));
        });
      });
    } else if (kind === "Repository") {
      // Without any, ECR encrypts with a key of AWS's (Amazon ECR user guide, "Encryption at rest").
      const [first] = props.encryptionConfigurations ?? [];
      needsKey("the registry", true, () => (first?.encryptionType?.startsWith("KMS") ? first.kmsKey : undefined));
    } else if (kind === "Topic") {
      needsKey("the topic", props.kmsMasterKeyId !== undefined, () => ownKey(props.kmsMasterKeyId));
    } else if (kind === "Queue") {
      // Queues are encrypted with a key of AWS's unless that is switched off (Amazon SQS developer guide, "Encryption at rest").
      needsKey("the queue", props.sqsManagedSseEnabled !== false || props.kmsMasterKeyId !== undefined, () =>
        ownKey(props.kmsMasterKeyId),
      );
    } else if (kind === "Volume") needsKey("the volume", props.encrypted === true, () => props.kmsKeyId);
    else needsKey("the database", props.storageEncrypted === true, () => props.kmsKeyId);
  },
});

/** A key, unless it is one that AWS keeps for a service. */
function ownKey(key: string | undefined): string | undefined {
  return key?.startsWith("alias/aws/") ? undefined : key;
}

/** Where the stack says so, Secrets come from somewhere else than the program. */
export const secretsHaveASource = resourcePolicy<KubeObject, { accepted: readonly string[] }>({
  name: "secrets-have-a-source",
  description:
    "Checks that Secrets of Kubernetes come from where the pack's config says: the program itself, sealed or external secrets.",
  severity: "medium",
  remediation: "make a SealedSecret or an ExternalSecret, which puts the Secret into the cluster.",
  url: "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
  types: /^kubernetes:core\/v1:Secret(Patch)?$/,
  parameters: {
    accepted: {
      type: "array",
      items: { type: "string", enum: ["program", "sealed-secrets", "external-secrets"] },
      default: ["program", "sealed-secrets", "external-secrets"],
      description:
        "Where Secrets may come from. `program` is right where the cluster encrypts them with a key, as the embedded one and those of `berth:cluster` do.",
    },
  },
  check: ({ config, report }) => {
    if (!config.accepted.includes("program"))
      report(`the program makes a Secret; accepted: ${config.accepted.join(", ")}`);
  },
});

interface GithubSecret {
  readonly plaintextValue?: string;
}

/** GitHub gets values of secrets encrypted. */
export const noPlaintextGithubSecret = resourcePolicy<GithubSecret>({
  name: "no-plaintext-github-secret",
  description: "Checks that no secret of GitHub Actions, Codespaces or Dependabot is given as plain text.",
  severity: "high",
  remediation: "use `value` with a Pulumi secret, or `valueEncrypted`.",
  url: "https://docs.github.com/en/actions/reference/security/secrets",
  types: /^github:index\/\w*[sS]ecret:(Actions|Codespaces|Dependabot)\w*Secret$/,
  check: ({ props, args, report, attempt }) => {
    attempt(() => {
      if (props.plaintextValue !== undefined) report("plaintextValue is set");
    });
    // The SDK of GitHub's provider marks its values as secret; a program may have taken that away.
    if (!args.opts.additionalSecretOutputs.includes("value")) report("its value is not secret in the state");
  },
});

/** All rules on secrets, and on data at rest. */
export const secretPolicies: Policies = [
  noSecretOutsideSecret,
  eksSecretsEncrypted,
  storageEncrypted,
  secretsHaveASource,
  noPlaintextGithubSecret,
];
