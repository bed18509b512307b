import { LABEL, MANAGED_BY } from "../../config/labels";
import { PLATFORM_NAMESPACE } from "../../config/names";

/** IngressClass of every environment. */
export const INGRESS_CLASS = "berth";

/** PriorityClasses: the platform's pods go before environments, which never push anyone out. */
export const PRIORITY_CLASSES = { platform: "berth-platform", environment: "berth-environment" } as const;

/** Labels of everything that the platform has. */
export const PLATFORM_LABELS = { [LABEL.managedBy]: MANAGED_BY, [LABEL.partOf]: "berth-platform" } as const;

/** Labels by which the deployed gateway's pods are selected. */
export const GATEWAY_SELECTOR = { [LABEL.name]: "traefik", [LABEL.partOf]: "berth-platform" } as const;

/** Metadata of an object that belongs to no namespace. */
export function clusterMetadata(name: string) {
  return { name, labels: PLATFORM_LABELS };
}

/** Metadata of an object in the platform namespace. */
export function metadata(name: string, labels: Record<string, string> = {}) {
  return { name, namespace: PLATFORM_NAMESPACE, labels: { ...PLATFORM_LABELS, ...labels } };
}
