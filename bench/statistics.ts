/** One measured subject: its name and the seconds of each round, in order. */
export interface Series {
  /** What was measured, e.g. `berth deploy`. */
  name: string;
  /** Seconds of each round. */
  seconds: number[];
}

/** A line of the report: a subject's median and how it compares with the reference of the same case. */
export interface Summary {
  name: string;
  /** Median seconds over all rounds. */
  median: number;
  /** Fastest and slowest round, in seconds: how noisy the machine was. */
  min: number;
  max: number;
  /** Median of the subject's seconds divided by the reference's of the same round; 1 for the reference itself. */
  ratio: number;
  /** Median of the difference to the reference in the same round, in seconds. */
  difference: number;
}

/**
 * The middle value, or the mean of the two middle ones.
 *
 * @throws RangeError when there is no value.
 */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError("the median of no values is not defined");
  return (lower + upper) / 2;
}

/**
 * Compares each series with the first, round by round, so that a machine that slows down during the run slows both sides
 * of each ratio.
 *
 * @throws RangeError when there is no series, or when the series differ in their number of rounds.
 */
export function summarise(series: readonly Series[]): Summary[] {
  const [reference] = series;
  if (!reference) throw new RangeError("there is nothing to compare");
  return series.map(({ name, seconds }) => {
    const pairs = seconds.map((value, round) => {
      const other = reference.seconds[round];
      if (other === undefined || seconds.length !== reference.seconds.length) {
        throw new RangeError(`${name} has ${seconds.length} rounds, ${reference.name} ${reference.seconds.length}`);
      }
      return { ratio: value / other, difference: value - other };
    });
    return {
      name,
      median: median(seconds),
      min: Math.min(...seconds),
      max: Math.max(...seconds),
      ratio: median(pairs.map((pair) => pair.ratio)),
      difference: median(pairs.map((pair) => pair.difference)),
    };
  });
}
