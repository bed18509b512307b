import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Provider } from "@pulumi/aws/provider";

import { AccountFile, type Account } from "../../../local/plugins/aws/account";
import type { TestEngine } from "../../support/cluster";
import { testEngine } from "../../support/engine";
import { TestStack, type Outcome, type Program } from "../provider/support";

/** A stack whose AWS is an account in a file. */
export interface AwsCase {
  stack: TestStack<TestEngine>;
  /** Folder of the account. */
  folder: string;
  up(program?: Program): Promise<Outcome>;
  preview(program?: Program): Promise<Outcome>;
  /** Works on the account past Pulumi, as someone else would. */
  outside<Result>(work: (account: Account) => Result): Promise<Result>;
  /** Ends the stack, and the account unless others share it. */
  close(): Promise<void>;
}

/** Region of the tests. */
export const region = "eu-central-1";

/**
 * Opens a stack on an empty account.
 *
 * @param shared a folder of an account that other stacks use too
 */
export async function openAws(shared?: string, env: Record<string, string> = {}): Promise<AwsCase> {
  const folder = shared ?? (await mkdtemp(join(tmpdir(), "berth-aws-")));
  const stack = await TestStack.openWith(await testEngine(), {
    AWS_REGION: region,
    BERTH_STAND_IN_STATE: folder,
    BERTH_STAND_IN_PATIENCE: "2000",
    ...env,
  });
  const account = new AccountFile(folder);
  return {
    stack,
    folder,
    up: (program) => stack.up(program),
    preview: (program) => stack.preview(program),
    outside: (work) => account.use(work),
    close: async () => {
      await stack.close();
      if (shared === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A provider with settings of its own. */
export function provider(settings: ConstructorParameters<typeof Provider>[1]): Provider {
  return new Provider("aws", { region, ...settings });
}
