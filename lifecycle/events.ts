/** The parts of the engine's events (`pulumi … --json`) that the lifecycle reads. */
export interface EngineEvent {
  readonly timestamp: number;
  readonly diagnosticEvent?: { urn?: string; message: string; severity: string; ephemeral?: boolean };
  readonly resourcePreEvent?: { metadata: StepMetadata };
  readonly resOutputsEvent?: { metadata: StepMetadata };
  readonly resOpFailedEvent?: { metadata: StepMetadata };
  readonly summaryEvent?: { resourceChanges?: Record<string, number> };
  readonly errorEvent?: { error: string };
  /** A rule that is broken, or that could not be decided. */
  readonly policyEvent?: PolicyEvent;
  /** The rules on single resources that one resource was judged by; those that do not apply to it are in neither list. */
  readonly policyAnalyzeSummaryEvent?: PolicySummaryEvent & { resourceUrn: string };
  /** The rules on whole stacks, after all resources. */
  readonly policyAnalyzeStackSummaryEvent?: PolicySummaryEvent;
}

/** What a policy pack says of one resource, or of the stack. */
export interface PolicyEvent {
  /** The resource; the stack itself where a rule on whole stacks names none. */
  readonly resourceUrn?: string;
  /** The rule's description and what is wrong, each on lines of its own, with marks for colours. */
  readonly message: string;
  readonly policyName: string;
  readonly policyPackName: string;
  readonly policyPackVersion: string;
  readonly enforcementLevel: string;
  readonly severity?: string;
}

/** How rules of a pack judged, by their names. */
export interface PolicySummaryEvent {
  readonly policyPackName: string;
  readonly policyPackVersion: string;
  readonly passed?: readonly string[];
  /** Broken or not decided. */
  readonly failed?: readonly string[];
}

/** What the engine does to one resource. Secrets arrive here as `[secret]`. */
export interface StepMetadata {
  /** Such as `create`, `update`, `delete`, `same`. */
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: StepState | null;
  readonly new?: StepState | null;
  /** What changes, by the path of the field. */
  readonly detailedDiff?: Record<string, unknown> | null;
}

/** A resource before or after a step. */
export interface StepState {
  readonly id: string;
  readonly custom?: boolean;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
}

/** A resource that the stack had, by the names that a person and the API server use for it. */
export interface StackResource {
  readonly urn: string;
  readonly type: string;
  readonly id: string;
}

/** The last part of a URN: the resource's name in the program. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

/**
 * A resource's kind and name for people, such as `Deployment guestbook-pr-1/app`. Kubernetes types look like
 * `kubernetes:apps/v1:Deployment`; their ids are the object's namespace and name.
 */
export function describe(step: { type: string; urn: string; id?: string }): string {
  const kind = step.type.slice(step.type.lastIndexOf(":") + 1);
  const id = step.type.startsWith("kubernetes:") && step.id ? step.id : nameOf(step.urn);
  return `${kind} ${id}`;
}

/** Collects what a run of the engine says about itself. */
export class EventSummary {
  /** The stack's outputs, secrets masked; empty until the engine has come to the end of the program. */
  outputs: Record<string, unknown> = {};
  /** How many resources were created, updated, deleted or left alone. */
  changes: Record<string, number> = {};
  /** Error messages in their order, each once. */
  readonly errors: string[] = [];
  /** Every resource that the engine deleted. */
  readonly deleted: StackResource[] = [];

  add(event: EngineEvent): void {
    const diagnostic = event.diagnosticEvent;
    if (diagnostic?.severity === "error") this.addError(diagnostic.message);
    if (event.errorEvent) this.addError(event.errorEvent.error);
    if (event.summaryEvent?.resourceChanges) this.changes = event.summaryEvent.resourceChanges;
    const done = event.resOutputsEvent?.metadata;
    if (!done) return;
    if (done.type === "pulumi:pulumi:Stack" && done.op !== "delete") this.outputs = done.new?.outputs ?? {};
    if (done.op === "delete" && done.old?.custom && !done.type.startsWith("pulumi:")) {
      this.deleted.push({ urn: done.urn, type: done.type, id: done.old.id });
    }
  }

  private addError(message: string): void {
    const text = stripColor(message).trim();
    if (text !== "" && !this.errors.includes(text)) this.errors.push(text);
  }
}

/** Removes the engine's own colour marks (`<{%reset%}>`) and terminal escapes. */
export function stripColor(text: string): string {
  // eslint-disable-next-line no-control-regex -- escape sequences are what is being removed
  return text.replace(/<\{%[^%]*%\}>/g, "").replace(/\u001b\[[0-9;]*m/g, "");
}
