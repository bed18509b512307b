import type { Reporter } from "../reporter";
import { seconds, table } from "../render";

/** A step with what it took. */
export interface Timed {
  readonly title: string;
  readonly seconds: number;
  /** What came of it, in a few words. */
  readonly note: string;
}

/** Runs steps one after another and remembers what each took. */
export class Timeline {
  private readonly begin = performance.now();
  private readonly rows: Timed[] = [];

  constructor(private readonly reporter: Reporter) {}

  /**
   * Runs a step.
   *
   * @param note What to say of the result. @default nothing
   */
  async step<T>(title: string, work: () => Promise<T>, note: (result: T) => string = () => ""): Promise<T> {
    this.reporter.tell({ kind: "phase", text: title });
    const begin = performance.now();
    const result = await work();
    this.rows.push({ title, seconds: (performance.now() - begin) / 1000, note: note(result) });
    return result;
  }

  /** The steps so far. */
  get steps(): readonly Timed[] {
    return this.rows;
  }

  /** Everything, from the first step to now. Seconds. */
  get total(): number {
    return (performance.now() - this.begin) / 1000;
  }

  /** The table for people. */
  render(): string {
    const rows = this.rows.map((row) => [row.title, seconds(row.seconds), row.note]);
    return table(["STEP", "TOOK", "RESULT"], [...rows, ["total", seconds(this.total), ""]], [1]);
  }
}
