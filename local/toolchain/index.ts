export { ensureToolchain, locateToolchain, removeOldToolchains, type EnsureOptions, type Toolchain } from "./ensure";
export type { ToolchainEvent } from "./events";
export type { Part } from "./parts";
export { ensureToolchainWithProgress, type ProgressOptions } from "./render";
