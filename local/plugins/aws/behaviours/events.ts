import { arn, text, type Behaviour, type Behaviours } from "../behaviour";
import { AwsError, fail } from "../errors";
import { atMostOne, checkArn, given, knownText } from "./fields";
import { checkPolicy, policyKinds } from "./policies";

const RULE = "aws:cloudwatch/eventRule:EventRule";
const TARGET = "aws:cloudwatch/eventTarget:EventTarget";
const QUEUE = "aws:sqs/queue:Queue";
const QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy";

/** Most targets of a rule ("Amazon EventBridge quotas"). */
const mostTargets = 5;

const rule: Behaviour = {
  title: "EventBridge Rule",
  autoname: { property: "name", maximum: 64 },
  notFound: (name) => new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus default.`),
  inUse: () => new AwsError("ValidationException", "Rule can't be deleted since it has targets."),
  check: (inputs) => {
    const pattern = knownText(inputs, "eventPattern");
    const schedule = knownText(inputs, "scheduleExpression");
    return [
      ...atMostOne(inputs, ["name", "namePrefix"]),
      ...(given(inputs, ["eventPattern", "scheduleExpression"]).length === 0
        ? [{ property: "", reason: "one of eventPattern and scheduleExpression must be given" }]
        : []),
      ...(pattern === undefined || isPattern(pattern)
        ? []
        : [
            {
              property: "eventPattern",
              reason: "is no event pattern: a JSON object whose fields are lists or objects",
            },
          ]),
      ...(schedule === undefined || /^(rate\(\d+ (minute|hour|day)s?\)|cron\([^)]+\))$/.test(schedule)
        ? []
        : [{ property: "scheduleExpression", reason: `"${schedule}" is neither rate(…) nor cron(…)` }]),
    ];
  },
  verify: (call, before) => {
    const name = text(call.inputs, "name");
    if (!before && call.account.find(RULE, call.region, name))
      fail("ResourceAlreadyExistsException", `Rule ${name} already exists`);
  },
  id: (call) => text(call.inputs, "name"),
  describe: (call, id) => ({
    arn: arn(call, "events", `rule/${id}`),
    eventBusName: call.inputs["eventBusName"] ?? "default",
    namePrefix: call.inputs["namePrefix"] ?? "",
    state: call.inputs["state"] ?? "ENABLED",
    isEnabled: call.inputs["isEnabled"] ?? true,
    forceDestroy: call.inputs["forceDestroy"] ?? false,
  }),
};

/** Fields of an event pattern are lists of values, or objects of such (EventBridge user guide, "Event patterns"). */
function isPattern(document: string): boolean {
  const isOne = (value: unknown): boolean =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((field) => Array.isArray(field) || isOne(field));
  try {
    return isOne(JSON.parse(document));
  } catch {
    return false;
  }
}

const target: Behaviour = {
  title: "EventBridge Target",
  references: [
    { property: "rule", to: RULE },
    { property: "arn", to: QUEUE, by: "arn", deletion: "stays", except: (value) => !value.includes(":sqs:") },
    { property: "deadLetterConfig.arn", to: QUEUE, by: "arn", deletion: "stays" },
  ],
  notFound: (id) => new AwsError("ResourceNotFoundException", `no target ${id}`),
  check: (inputs) => [
    ...checkArn(knownText(inputs, "arn"), "arn"),
    ...atMostOne(inputs, ["input", "inputPath", "inputTransformer"]),
  ],
  verify: (call, before) => {
    const others = call.account
      .all(TARGET, call.region)
      .filter((one) => one.id !== before?.id && one.inputs["rule"] === call.inputs["rule"]);
    if (others.length >= mostTargets)
      fail("LimitExceededException", `The requested resource exceeds the maximum number allowed: ${mostTargets}`);
  },
  id: (call) => `${text(call.inputs, "rule")}-${text(call.inputs, "targetId") || call.name}`,
  describe: (call) => ({
    targetId: text(call.inputs, "targetId") || call.name,
    eventBusName: call.inputs["eventBusName"] ?? "default",
  }),
};

const queue: Behaviour = {
  title: "SQS Queue",
  autoname: { property: "name", maximum: 80 },
  notFound: (url) => new AwsError("QueueDoesNotExist", `The specified queue does not exist: ${url}`),
  // CreateQueue, SQS API reference.
  check: (inputs) => {
    const name = knownText(inputs, "name");
    const isFifo = inputs["fifoQueue"] === true;
    const accepted = isFifo ? /^[a-zA-Z0-9_-]{1,75}\.fifo$/ : /^[a-zA-Z0-9_-]{1,80}$/;
    return [
      ...atMostOne(inputs, ["name", "namePrefix"]),
      ...atMostOne(inputs, ["kmsMasterKeyId", "sqsManagedSseEnabled"]),
      ...checkPolicy(inputs, "policy", policyKinds.queue),
      ...(name === undefined || accepted.test(name)
        ? []
        : [
            {
              property: "name",
              reason: `"${name}" must have at most 80 of a-z, A-Z, 0-9, _ and -${isFifo ? ", and end in .fifo" : ""}`,
            },
          ]),
      ...between(inputs, "messageRetentionSeconds", 60, 1_209_600),
      ...between(inputs, "visibilityTimeoutSeconds", 0, 43_200),
      ...between(inputs, "receiveWaitTimeSeconds", 0, 20),
      ...between(inputs, "delaySeconds", 0, 900),
    ];
  },
  verify: (call, before) => {
    const name = text(call.inputs, "name");
    const same = call.account
      .all(QUEUE, call.region)
      .some((one) => one.id !== before?.id && one.inputs["name"] === name);
    if (same)
      fail(
        "QueueNameExists",
        `A queue already exists with the same name and a different value for some attribute: ${name}`,
      );
  },
  id: (call) => `https://sqs.${call.region}.amazonaws.com/${call.accountId}/${text(call.inputs, "name")}`,
  describe: (call, id) => ({
    arn: arn(call, "sqs", text(call.inputs, "name")),
    deduplicationScope: "",
    delaySeconds: call.inputs["delaySeconds"] ?? 0,
    fifoThroughputLimit: "",
    kmsDataKeyReusePeriodSeconds: call.inputs["kmsDataKeyReusePeriodSeconds"] ?? 300,
    messageRetentionSeconds: call.inputs["messageRetentionSeconds"] ?? 345_600,
    namePrefix: call.inputs["namePrefix"] ?? "",
    policy: call.inputs["policy"] ?? "",
    redriveAllowPolicy: call.inputs["redriveAllowPolicy"] ?? "",
    redrivePolicy: call.inputs["redrivePolicy"] ?? "",
    sqsManagedSseEnabled: call.inputs["sqsManagedSseEnabled"] ?? call.inputs["kmsMasterKeyId"] === undefined,
    url: id,
    visibilityTimeoutSeconds: call.inputs["visibilityTimeoutSeconds"] ?? 30,
  }),
};

function between(
  inputs: Parameters<NonNullable<Behaviour["check"]>>[0],
  property: string,
  least: number,
  most: number,
) {
  const value = inputs[property];
  if (typeof value !== "number" || (value >= least && value <= most)) return [];
  return [{ property, reason: `is ${value}; accepted are ${least} to ${most}` }];
}

const queuePolicy: Behaviour = {
  title: "SQS Queue Policy",
  references: [{ property: "queueUrl", to: QUEUE, deletion: "goes" }],
  notFound: (url) => new AwsError("QueueDoesNotExist", `The specified queue does not exist: ${url}`),
  check: (inputs) => checkPolicy(inputs, "policy", policyKinds.queue),
  id: (call) => text(call.inputs, "queueUrl"),
  describe: () => ({}),
};

/** Rules of EventBridge, and queues of SQS. */
export const events: Behaviours = { [RULE]: rule, [TARGET]: target, [QUEUE]: queue, [QUEUE_POLICY]: queuePolicy };
