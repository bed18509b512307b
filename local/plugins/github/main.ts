import { version } from "@pulumi/github/package.json";

import { serveProvider } from "../provider";
import { GithubProvider } from "./provider";

void serveProvider(new GithubProvider(version));
