import { z } from "zod";
import { OBJECT_NAME_PATTERN, checked, text } from "../fields";
import { isSealed } from "../sealed";
import { list, variableName } from "./values";

const OBJECT_NAME = "the name of a Kubernetes object: lower-case letters, digits, dashes and dots";
const reference = () =>
  z.strictObject(
    {
      name: text(OBJECT_NAME, OBJECT_NAME_PATTERN).describe(
        "Name of the object among the project's preview secrets, which the platform allows by name.",
      ),
    },
    "a mapping with name",
  );
export const envFrom = (subject: string) =>
  list(
    z.strictObject(
      {
        secretRef: reference().optional().describe("A Secret whose keys become variables."),
        configMapRef: reference().optional().describe("A ConfigMap whose keys become variables."),
      },
      "a mapping with secretRef or configMapRef",
    ),
    20,
    "references",
  )
    .default([])
    .describe(
      `Secrets and ConfigMaps made for previews whose keys become variables of ${subject}. Each deploy copies them anew; a change restarts ${subject}. They win over env.`,
    );

const secretName = () =>
  text("a name of at most 50 lower-case letters, digits and dashes", /^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/);

export const sealedSecrets = z
  .record(
    secretName(),
    z
      .record(
        variableName(),
        checked("a value sealed by `berth seal` or `kubeseal --raw --scope cluster-wide`", isSealed),
        "a mapping of names to sealed values",
      )
      .refine((values) => Object.keys(values).length > 0, "at least one sealed value"),
    "a mapping of names to sealed values",
  )
  .default({})
  .describe(
    "Secrets whose values stand here encrypted, for the cluster's SealedSecrets controller alone. envFrom gives them to the app by name.",
  );

export const externalSecrets = z
  .record(
    secretName(),
    z.strictObject(
      {
        store: text(OBJECT_NAME, OBJECT_NAME_PATTERN).describe(
          "ClusterSecretStore that holds the values. The platform says which this project may name.",
        ),
        data: z
          .record(
            variableName(),
            z.strictObject(
              {
                key: z
                  .string("the name of an entry of the store")
                  .min(1, "the name of an entry of the store")
                  .max(1024, "a name of at most 1024 characters")
                  .describe("Entry of the store."),
                property: z
                  .string("the name of a field")
                  .min(1, "the name of a field")
                  .max(1024, "a name of at most 1024 characters")
                  .optional()
                  .describe("Field of the entry, where it has several. The whole entry when left out."),
              },
              "a mapping with key",
            ),
            "a mapping of names to entries",
          )
          .refine((values) => Object.keys(values).length > 0, "at least one entry")
          .describe("What each key of the Secret is taken from."),
      },
      "a mapping with store and data",
    ),
    "a mapping of names to stores and entries",
  )
  .default({})
  .describe(
    "Secrets that the External Secrets Operator of the cluster fills from a store outside. envFrom gives them to the app by name.",
  );
