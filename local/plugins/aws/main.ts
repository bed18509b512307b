import { resolve } from "node:path";

import { serveProvider } from "../provider";
import { AwsProvider } from "./provider";

const folder = process.env["BERTH_STAND_IN_STATE"];
if (folder === undefined || folder === "") {
  process.stderr.write(
    "This is a stand-in for AWS, for tests. It keeps resources in the folder that BERTH_STAND_IN_STATE names, which is not set.\n" +
      "To work with AWS itself, install Pulumi's own provider: pulumi plugin install resource aws\n",
  );
  process.exit(1);
}
serveProvider(new AwsProvider(resolve(folder), process.env)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
