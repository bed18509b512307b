import type { AdmissionGroup } from "./cel";
import { countedPods, fencedPods, fences, hostPolicies, networkPolicies } from "./network";
import { endpoints, ingresses, namespaces, roleBindings, roles, routes, services } from "./objects";
import { pods, proxyPods, serviceAccounts, tokens } from "./pods";
import { trustGroups } from "./trust";

/** Every group of rules that the API server checks. groups.json holds them for the platform, which imports nothing else of the pack. */
export const admissionGroups: readonly AdmissionGroup[] = [
  namespaces,
  pods,
  proxyPods,
  fencedPods,
  countedPods,
  serviceAccounts,
  tokens,
  networkPolicies,
  fences,
  hostPolicies,
  ingresses,
  services,
  routes,
  endpoints,
  roles,
  roleBindings,
  ...trustGroups,
];
