import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdir, readFile, realpath, rename, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";

import type { Plain } from "../provider";

/*
 * The AWS account of the stand-in: a file with all resources. Several providers may work on it at a time, each in a process of its own.
 */

/** A resource as the account has it. */
export interface Stored {
  /** Type token, for example `aws:ec2/vpc:Vpc`. */
  type: string;
  id: string;
  /** Region, or an empty text for services without regions. */
  region: string;
  inputs: Record<string, Plain>;
  outputs: Record<string, Plain>;
  /** Nobody asked for it: AWS made it on its own, such as a VPC's default security group. */
  implicit?: true;
  /** What nobody sees from outside: images of a repository, objects of a bucket. */
  contents?: string[];
}

/** The account while it is locked. Changes are kept when the function that got it returns, and dropped when it throws. */
export class Account {
  constructor(private readonly resources: Map<string, Stored>) {}

  /** All resources of a type, in one region or in all. */
  all(type: string, region?: string): Stored[] {
    return [...this.resources.values()].filter(
      (one) => one.type === type && (region === undefined || one.region === region),
    );
  }

  /** Every resource. */
  everything(): Stored[] {
    return [...this.resources.values()];
  }

  find(type: string, region: string, id: string): Stored | undefined {
    return this.resources.get(keyOf({ type, region, id }));
  }

  put(resource: Stored): void {
    this.resources.set(keyOf(resource), resource);
  }

  remove(resource: Pick<Stored, "type" | "region" | "id">): void {
    this.resources.delete(keyOf(resource));
  }
}

function keyOf({ type, region, id }: Pick<Stored, "type" | "region" | "id">): string {
  return `${type}|${region}|${id}`;
}

/** The account whose file lies in a folder. */
export class AccountFile {
  private readonly path: string;
  private lockName: string | undefined;
  /** The last of this process's own turns; its others wait here rather than at the lock. */
  private turn: Promise<unknown> = Promise.resolve();

  /** @param folder made when it is not there */
  constructor(private readonly folder: string) {
    this.path = join(folder, "aws.json");
  }

  /** Does something with the account, alone. */
  use<Result>(work: (account: Account) => Result): Promise<Result> {
    const result = this.turn.then(() => this.locked(work));
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async locked<Result>(work: (account: Account) => Result): Promise<Result> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    this.lockName ??= `\0berth-aws-${createHash("sha256")
      .update(await realpath(this.folder))
      .digest("hex")
      .slice(0, 32)}`;
    const lock = await acquire(this.lockName);
    try {
      const before = await this.read();
      const resources = new Map(before.map((one) => [keyOf(one), structuredClone(one)]));
      const result = work(new Account(resources));
      const after = [...resources.values()];
      if (JSON.stringify(after) !== JSON.stringify(before)) await this.write(after);
      return result;
    } finally {
      await new Promise((resolve) => lock.close(resolve));
    }
  }

  private async read(): Promise<Stored[]> {
    try {
      return (JSON.parse(await readFile(this.path, "utf8")) as { resources: Stored[] }).resources;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  /** A rename, so that whoever looks sees the old file or the new one. */
  private async write(resources: Stored[]): Promise<void> {
    const fresh = `${this.path}.${randomUUID()}`;
    await writeFile(fresh, JSON.stringify({ resources }), { mode: 0o600 });
    await rename(fresh, this.path);
  }
}

/** Waits between two tries to get the lock, in milliseconds. */
const lockWait = 5;

/**
 * Takes the lock of a name: an abstract socket, which the kernel gives back when its holder dies, so that none is ever left behind.
 */
async function acquire(name: string): Promise<Server> {
  for (;;) {
    const server = createServer();
    const taken = await new Promise<boolean>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE") resolve(false);
        else reject(error);
      });
      server.listen(name, () => resolve(true));
    });
    if (taken) return server;
    await new Promise((resolve) => setTimeout(resolve, lockWait + Math.random() * lockWait));
  }
}

/** Hexadecimal digits as in the IDs of EC2, 17 unless another number is wanted. */
export function hex(digits = 17): string {
  return randomBytes(Math.ceil(digits / 2))
    .toString("hex")
    .slice(0, digits);
}

/** Capital letters and digits as in the unique IDs of IAM. */
export function capitals(length: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return [...randomBytes(length)].map((byte) => alphabet[byte % 32]).join("");
}
