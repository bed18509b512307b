import { buildGo, goInputs, type GoProgram } from "../go-program";
import type { Recipe } from "../types";

/** User and group id of the controller: nobody's in particular, as in images without a distribution. */
const controllerId = 65532;

const program: GoProgram = {
  folder: "sealed-secrets",
  module: "github.com/bitnami-labs/sealed-secrets",
  package: "cmd/controller",
  tags: [],
};

/** The SealedSecrets controller, from its Go module, and nothing else. */
export async function sealedSecretsRecipe(): Promise<Recipe> {
  return {
    name: "sealed-secrets",
    layers: [
      {
        label: "SealedSecrets controller, compiled once",
        inputs: await goInputs(program),
        estimateSeconds: 120,
        shared: false,
        async fill(folder, { signal }) {
          await buildGo(program, folder, signal);
        },
      },
    ],
    config: {
      User: `${controllerId}:${controllerId}`,
      Env: ["PATH=/usr/local/bin"],
      Entrypoint: ["controller"],
      ExposedPorts: { "8080/tcp": {} },
      StopSignal: "SIGTERM",
    },
  };
}
