import { WRONG_DATABASES } from "./databases";
import { WRONG_ENVIRONMENTS } from "./environment";
import { WRONG_WORKLOADS } from "./workloads";

/** Text of a `berth.yaml`, which gets a right projectId unless it begins with one, and what is said about it. */
export type WrongConfig = readonly [text: string, message: string];

/** One wrong value for each field of `berth.yaml` at least, by section. */
export const WRONG: readonly WrongConfig[] = [...WRONG_ENVIRONMENTS, ...WRONG_WORKLOADS, ...WRONG_DATABASES];
