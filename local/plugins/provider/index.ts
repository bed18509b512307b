export { autoname } from "./autoname";
export { serveProvider, startServer, type RunningServer } from "./server";
export * from "./types";
export {
  containsSecret,
  containsUnknown,
  isObject,
  plain,
  plainAll,
  reveal,
  revealAll,
  sameValue,
  Secret,
  Unknown,
  unknown,
  type Plain,
  type Properties,
  type PropertyValue,
} from "./values";
