import { Provider } from "@pulumi/github";

import { testEngine } from "../../support/engine";
import type { TestEngine } from "../../support/cluster";
import { FakeGithub, type OrganizationSettings } from "../../support/github";
import { TestStack, type Outcome, type Program, type TestStackOptions } from "../provider/support";

/** A stack whose GitHub is a fake server. */
export interface GithubCase {
  fake: FakeGithub;
  stack: TestStack<TestEngine>;
  /** Updates with a program that gets the provider to use. */
  up(program: (provider: Provider) => unknown): Promise<Outcome>;
  preview(program: (provider: Provider) => unknown): Promise<Outcome>;
  /** Ends stack and server. */
  close(): Promise<void>;
}

/** The organisation of the tests. */
export const org = "acme";

/** Opens a stack and a fake GitHub with the organisation `acme` in it. */
export async function openGithub(
  settings: OrganizationSettings = {},
  rateLimit?: number,
  options: TestStackOptions = {},
): Promise<GithubCase> {
  const fake = await FakeGithub.start({ ...(rateLimit !== undefined && { rateLimit }) });
  fake.addUser("admin");
  await fake.addOrganization(org, settings);
  const stack = await TestStack.openWith(await testEngine(), {}, options);
  const having = (program: (provider: Provider) => unknown): Program => {
    return () =>
      program(
        new Provider("github", {
          baseUrl: fake.url,
          owner: org,
          token: fake.token,
          writeDelayMs: 0,
          retryDelayMs: 10,
        }),
      );
  };
  return {
    fake,
    stack,
    up: (program) => stack.up(having(program)),
    preview: (program) => stack.preview(having(program)),
    close: async () => {
      await stack.close();
      await fake.stop();
    },
  };
}
