/*
 * Answers that refuse although the request is right, on demand: limits, outages, lacking rights.
 */

/** What goes wrong, and with which requests. */
export interface Fault {
  /**
   * Requests by their operation in GitHub's description, for example `repos/get`.
   *
   * @default any
   */
  operation?: string;
  /**
   * Requests by method.
   *
   * @default any
   */
  method?: string;
  /**
   * Requests whose path matches this regular expression.
   *
   * @default any
   */
  path?: string;
  /**
   * How many requests it hits before it is over.
   *
   * @default 1
   */
  times?: number;
  /**
   * How many such requests pass before.
   *
   * @default 0
   */
  after?: number;
  /** Status of the answer. */
  status: number;
  /**
   * Headers of the answer, such as `retry-after`.
   *
   * @default none
   */
  headers?: Record<string, string>;
  /**
   * Message in the answer's body.
   *
   * @default one that goes with the status
   */
  message?: string;
  /**
   * Whether the request is carried out all the same, as when only the answer is lost.
   *
   * @default false
   */
  carriedOut?: boolean;
}

/** What was asked for, as a fault looks at it. */
export interface Target {
  operation: string;
  method: string;
  path: string;
}

/** Messages of GitHub's own answers. */
const messages: Record<number, string> = {
  401: "Bad credentials",
  403: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
  404: "Not Found",
  429: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
  500: "Server Error",
  502: "Server Error",
  503: "Unicorn!",
};

/** Faults that wait for their requests. */
export class Faults {
  private waiting: (Fault & { left: number; skip: number })[] = [];

  /** Lets something go wrong from now on. */
  add(fault: Fault): void {
    if (fault.path !== undefined) new RegExp(fault.path);
    this.waiting.push({ ...fault, left: fault.times ?? 1, skip: fault.after ?? 0 });
  }

  /** Ends all that still wait. */
  clear(): void {
    this.waiting = [];
  }

  /** How many requests will still be hit. */
  get left(): number {
    return this.waiting.reduce((sum, one) => sum + one.left, 0);
  }

  /** The fault that hits a request, which counts as one of its times. */
  hit(target: Target): (Fault & { message: string }) | undefined {
    const fault = this.waiting.find(
      (one) =>
        (one.operation === undefined || one.operation === target.operation) &&
        (one.method === undefined || one.method === target.method) &&
        (one.path === undefined || new RegExp(one.path).test(target.path)),
    );
    if (fault === undefined) return undefined;
    if (fault.skip > 0) {
      fault.skip -= 1;
      return undefined;
    }
    fault.left -= 1;
    if (fault.left <= 0) this.waiting.splice(this.waiting.indexOf(fault), 1);
    return { ...fault, message: fault.message ?? messages[fault.status] ?? "Fault on demand" };
  }
}
