export type { Fault } from "./faults";
export type { Json, JsonObject } from "./json";
export { FakeGithub, type FakeGithubOptions, type LogEntry, type OrganizationSettings } from "./server";
export type * from "./state";
