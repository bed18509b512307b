import { LABEL, MANAGED_BY } from "../../../config/labels";
import { SEALED_SECRETS } from "../../../config/names";

/** Labels of everything that belongs to the controller. */
export const LABELS = { [LABEL.managedBy]: MANAGED_BY, [LABEL.name]: SEALED_SECRETS.name };

/** Metadata of an object that belongs to no namespace. */
export const clusterMetadata = { name: `berth-${SEALED_SECRETS.name}`, labels: LABELS };

/** Metadata of an object in the controller's namespace. */
export const metadata = { name: SEALED_SECRETS.name, namespace: SEALED_SECRETS.namespace, labels: LABELS };
