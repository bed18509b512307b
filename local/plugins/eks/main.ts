import { serveProvider } from "../provider";
import { EksProvider } from "./provider";

serveProvider(new EksProvider()).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
