/** A finished step of `up`. */
export interface Step {
  title: string;
  /** How long it took, in seconds. Steps overlap. */
  seconds: number;
}

/**
 * Times the steps of a longer action.
 *
 * @param onStep called when a step begins (without `seconds`) and when it ends.
 * @returns `steps` in the order in which they ended, and `step`, which runs one.
 */
export function timeSteps(onStep?: (step: { title: string; seconds?: number }) => void): {
  steps: Step[];
  step: <T>(title: string, action: () => Promise<T>) => Promise<T>;
} {
  const steps: Step[] = [];
  const step = async <T>(title: string, action: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    onStep?.({ title });
    const result = await action();
    const seconds = (performance.now() - start) / 1000;
    steps.push({ title, seconds });
    onStep?.({ title, seconds });
    return result;
  };
  return { steps, step };
}
