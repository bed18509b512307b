import type { CustomResourceDefinitionArgs } from "@pulumi/kubernetes/apiextensions/v1";
import { LABELS } from "./context";

const text = { type: "string" };
const texts = { type: "object", additionalProperties: text };

/**
 * The kind SealedSecret, as far as the controller reads and writes it (pkg/apis/sealedsecrets/v1alpha1): `spec.data`, which it takes for
 * deprecated, is left out.
 */
export const CRD: CustomResourceDefinitionArgs = {
  metadata: { name: "sealedsecrets.bitnami.com", labels: LABELS },
  spec: {
    group: "bitnami.com",
    scope: "Namespaced",
    names: { kind: "SealedSecret", listKind: "SealedSecretList", plural: "sealedsecrets", singular: "sealedsecret" },
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            required: ["spec"],
            properties: {
              spec: {
                type: "object",
                required: ["encryptedData"],
                properties: {
                  encryptedData: texts,
                  template: {
                    type: "object",
                    properties: {
                      type: text,
                      immutable: { type: "boolean" },
                      data: { ...texts, nullable: true },
                      metadata: { type: "object", nullable: true, properties: { labels: texts, annotations: texts } },
                    },
                  },
                },
              },
              status: {
                type: "object",
                properties: {
                  observedGeneration: { type: "integer", format: "int64" },
                  conditions: {
                    type: "array",
                    items: {
                      type: "object",
                      required: ["type", "status"],
                      properties: {
                        type: text,
                        status: text,
                        reason: text,
                        message: text,
                        lastUpdateTime: { ...text, format: "date-time" },
                        lastTransitionTime: { ...text, format: "date-time" },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};
