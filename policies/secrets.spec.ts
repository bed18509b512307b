import {
  eksSecretsEncrypted,
  noPlaintextGithubSecret,
  noSecretOutsideSecret,
  secretsHaveASource,
  storageEncrypted,
} from "./secrets";
import { testPolicy, UNKNOWN, type Given } from "./testing";

const made = (type: string, props: object): Given => ({ type, props });
const other = { "other kinds": { given: made("kubernetes:core/v1:ConfigMap", {}) } };
const key = "arn:aws:kms:eu-central-1:111122223333:key/1";

/** Of the form of a token of GitHub's, and none: put together so that no scanner takes this file for a leak. */
const token = ["ghp", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"].join("_");
const pod = (container: object, metadata: object = {}): Given =>
  made("kubernetes:apps/v1:Deployment", { spec: { template: { metadata, spec: { containers: [container] } } } });
const env = (name: string, value: unknown) => pod({ env: [{ name, value }] });
const configMap = (data: unknown) => made("kubernetes:core/v1:ConfigMap", { data });
const says = /looks like a secret: GITHUB_TOKEN \(github\)/;

testPolicy({
  policy: noSecretOutsideSecret,
  passes: {
    "a harmless variable": { given: env("LOG_LEVEL", "debug") },
    "a reference to a Secret": {
      given: pod({ env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "a", key: "b" } } }] }),
    },
    "a Secret": { given: made("kubernetes:core/v1:Secret", { stringData: { TOKEN: token } }) },
    "a name that the config excepts": {
      given: env("DEMO_PASSWORD", "hunter2"),
      config: { harmless: ["DEMO_PASSWORD"] },
    },
    "user data with a certificate": {
      given: made("aws:ec2/launchTemplate:LaunchTemplate", {
        userData: Buffer.from("certificateAuthority: TUlJQ0NnS0NBZ0VBNHFpWFhSNzZ0UXBKa1U3Zm9T").toString("base64"),
      }),
    },
  },
  fails: {
    "a variable": { given: env("X", token), says: /containers\[0\]\.env\[0\] \(X\) looks like a secret: GITHUB_TOKEN/ },
    "a password, by its name": { given: env("SMTP_PASSWORD", "hunter"), says: /a password, by its name/ },
    "a random text": { given: env("X", "q8Zr2LwVt5Yk0NcBx7HjMs4DfGa9PuEe"), says: /a random text/ },
    "a ConfigMap": { given: configMap({ "app.conf": `a = 1\ntoken = ${token}\n` }), says: /^data\.app\.conf looks/ },
    "an annotation": {
      given: made("kubernetes:core/v1:Service", { metadata: { annotations: { note: token } } }),
      says,
    },
    "an annotation of a Secret": {
      given: made("kubernetes:core/v1:Secret", { metadata: { annotations: { note: token } } }),
      says,
    },
    "an annotation of a pod": {
      given: pod({}, { annotations: { note: token } }),
      says: /annotations of the pod\.note/,
    },
    "an argument": { given: pod({ args: ["--verbose", `--header=${token}`] }), says: /args\[1\]/ },
    "an argument after its flag": { given: pod({ args: ["--password", "hunter2"] }), says: /a password, by its name/ },
    "a command": { given: pod({ command: ["sh", "-c", `curl -H 'Authorization: ${token}' http://a`] }), says },
    "a Helm value": {
      given: made("kubernetes:helm.sh/v3:Release", { values: { auth: { password: "hunter2" } } }),
      says: /values\.auth\.password looks like a secret: a password/,
    },
    "user data": {
      given: made("aws:ec2/launchTemplate:LaunchTemplate", {
        userData: Buffer.from(`export T=${token}`).toString("base64"),
      }),
      says,
    },
    "a variable of GitHub Actions": {
      given: made("github:index/actionsVariable:ActionsVariable", { variableName: "X", value: token }),
      says: /value of X/,
    },
    "a value that forbids the rules to look": {
      given: configMap({ a: `# secretlint-disable\n${token}\n# secretlint-enable` }),
      says,
    },
  },
  skips: { "what shows no text": { given: made("aws:s3/bucket:Bucket", {}) } },
  unknown: {
    "a variable that is not known": { given: env("X", UNKNOWN) },
    "one of two": {
      given: pod({
        env: [
          { name: "A", value: UNKNOWN },
          { name: "B", value: token },
        ],
      }),
      says: /env\[1\]/,
    },
    "a ConfigMap that is not known": { given: configMap(UNKNOWN) },
  },
});

testPolicy({
  policy: eksSecretsEncrypted,
  passes: {
    "a key": { given: made("eks:index:Cluster", { encryptionConfigKeyArn: key }) },
    "a key of the other package": {
      given: made("aws:eks/cluster:Cluster", {
        encryptionConfig: { provider: { keyArn: key }, resources: ["secrets"] },
      }),
    },
  },
  fails: {
    "no key": { given: made("eks:index:Cluster", {}), says: /not encrypted/ },
    "a key for something else": {
      given: made("aws:eks/cluster:Cluster", { encryptionConfig: { provider: { keyArn: key }, resources: [] } }),
      says: /not encrypted/,
    },
  },
  skips: other,
  unknown: {
    "a key that is yet to be made": { given: made("eks:index:Cluster", { encryptionConfigKeyArn: UNKNOWN }) },
  },
});

const bucket = (rule: object) =>
  made("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", {
    rules: [{ applyServerSideEncryptionByDefault: rule }],
  });
const storageClass = (parameters: object, provisioner = "ebs.csi.aws.com") =>
  made("kubernetes:storage.k8s.io/v1:StorageClass", { provisioner, parameters });
const template = (ebs: object) => made("aws:ec2/launchTemplate:LaunchTemplate", { blockDeviceMappings: [{ ebs }] });
const registry = (encryption?: object) =>
  made("aws:ecr/repository:Repository", { encryptionConfigurations: encryption && [encryption] });
const own = { customerKey: false };

testPolicy({
  policy: storageEncrypted,
  passes: {
    "a class of volumes": { given: storageClass({ encrypted: "true", kmsKeyId: key }) },
    "a class of another driver": { given: storageClass({}, "rancher.io/local-path") },
    "a node's disk": { given: template({ encrypted: "true", kmsKeyId: key }) },
    "a bucket": { given: bucket({ sseAlgorithm: "aws:kms", kmsMasterKeyId: key }) },
    "a registry": { given: registry({ encryptionType: "KMS", kmsKey: key }) },
    "a topic": { given: made("aws:sns/topic:Topic", { kmsMasterKeyId: key }) },
    "a database": { given: made("aws:rds/instance:Instance", { storageEncrypted: true, kmsKeyId: key }) },
    "AWS's key where that is enough": { given: bucket({ sseAlgorithm: "AES256" }), config: own },
    "a registry's own key where that is enough": { given: registry(), config: own },
  },
  fails: {
    "a class without": { given: storageClass({}), says: /class is not encrypted/ },
    "a disk without": { given: template({ encrypted: "false" }), says: /blockDeviceMappings\[0\] is not encrypted/ },
    "a volume with AWS's key": { given: made("aws:ebs/volume:Volume", { encrypted: true }), says: /key of AWS's/ },
    "a bucket with AWS's key": {
      given: bucket({ sseAlgorithm: "AES256" }),
      says: /rules\[0\] is encrypted with a key of AWS's/,
    },
    "a registry with AWS's key": { given: registry(), says: /registry is encrypted with a key of AWS's/ },
    "a topic without": { given: made("aws:sns/topic:Topic", {}), says: /topic is not/ },
    "a queue without": {
      given: made("aws:sqs/queue:Queue", { sqsManagedSseEnabled: false }),
      config: own,
      says: /queue is not/,
    },
    "a queue with AWS's key": {
      given: made("aws:sqs/queue:Queue", { kmsMasterKeyId: "alias/aws/sqs" }),
      says: /key of AWS's/,
    },
    "a database without": { given: made("aws:rds/cluster:Cluster", {}), config: own, says: /database is not/ },
  },
  skips: other,
  unknown: {
    "a key that is yet to be made": { given: template({ encrypted: "true", kmsKeyId: UNKNOWN }) },
    "one disk's, beside another's": {
      given: made("aws:ec2/launchTemplate:LaunchTemplate", {
        blockDeviceMappings: [{ ebs: { encrypted: UNKNOWN } }, { ebs: {} }],
      }),
      says: /blockDeviceMappings\[1\]/,
    },
  },
});

const secret = made("kubernetes:core/v1:Secret", { metadata: { name: "one" } });

testPolicy({
  policy: secretsHaveASource,
  passes: { "the program's, unless the config says otherwise": { given: secret } },
  fails: {
    "the program's, where it does": {
      given: secret,
      config: { accepted: ["sealed-secrets"] },
      says: /makes a Secret; accepted: sealed-secrets/,
    },
  },
  skips: { ...other, "a sealed one": { given: made("kubernetes:bitnami.com/v1alpha1:SealedSecret", {}) } },
  unknown: {},
});

const github = (props: object, additionalSecretOutputs = ["value"]): Given => ({
  type: "github:index/actionsSecret:ActionsSecret",
  props,
  opts: { additionalSecretOutputs },
});

testPolicy({
  policy: noPlaintextGithubSecret,
  passes: {
    "a secret value": { given: github({ value: "hunter2" }) },
    "a value that is yet to come": { given: github({ value: UNKNOWN }) },
  },
  fails: {
    "plain text": { given: github({ plaintextValue: "hunter2" }), says: /plaintextValue is set/ },
    "a value that the state shows": { given: github({ value: "hunter2" }, []), says: /not secret in the state/ },
    "that of an environment": {
      given: {
        ...github({ plaintextValue: "hunter2" }),
        type: "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
      },
      says: /plaintextValue/,
    },
  },
  skips: { ...other, "a variable": { given: made("github:index/actionsVariable:ActionsVariable", {}) } },
  unknown: { "plain text that is not known": { given: github({ plaintextValue: UNKNOWN }) } },
});
