// `npm run demo` and friends: installs the packages when they are missing, then hands over to the command line.
import { ensureDependencies } from "./dependencies.mjs";

ensureDependencies();
await import("../bin/berth.mjs");
