/** What a verb tells while it works. */
export type Progress = (message: ProgressMessage) => void;

/** One thing to tell. */
export interface ProgressMessage {
  /** `phase`: a new part of the work; `detail`: something within it; `warning`: the user should look at it. */
  readonly kind: "phase" | "detail" | "warning";
  readonly text: string;
}

/** Tells nothing. */
export const silent: Progress = () => undefined;

/** How a verb is stopped from outside. */
export interface Stops {
  /** Asks for a clean stop. */
  readonly signal?: AbortSignal;
  /** Ends everything at once. */
  readonly kill?: AbortSignal;
}
