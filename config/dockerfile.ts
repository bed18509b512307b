import { DockerfileParser, From, Healthcheck, Volume } from "dockerfile-ast";
import type { Instruction } from "dockerfile-ast";
import { addHealthCheck, addPorts, emptyDraft, unusable } from "./init-draft";
import type { Draft } from "./init-draft";

/** What a Dockerfile's image runs as unless it says otherwise. */
const ROOT = /^(root|0)?$/;

/**
 * Reads what a Dockerfile says about its app: EXPOSE, HEALTHCHECK, USER and VOLUME of the stage that is built, with those that
 * the stage takes over from earlier ones.
 *
 * @param text the Dockerfile's text
 * @param source what to call it in notes
 * @param target stage that is built. @default the last one
 * @param draft what is known already, which comes before what the Dockerfile says. @default nothing
 * @throws ConfigError when it has no FROM, or no such stage
 */
export function readDockerfile(text: string, source: string, target?: string, draft = emptyDraft()): Draft {
  const instructions = stage(DockerfileParser.parse(text).getInstructions(), source, target);
  const of = (keyword: string) => instructions.filter((instruction) => instruction.getKeyword() === keyword);
  const placeOf = (instruction: Instruction) => `${source}:${instruction.getRange().start.line + 1}`;

  addPorts(
    draft,
    of("EXPOSE").flatMap((expose) =>
      expose.getExpandedArguments().map((argument) => ({ text: argument.getValue(), place: placeOf(expose) })),
    ),
  );
  const port = of("ENV").flatMap((env) => /^PORT[= ]"?(\d+)"?$/m.exec(env.getArgumentsContent() ?? "")?.[1] ?? []);
  if (draft.port === undefined && port.length > 0) draft.port = Number(port.at(-1));

  const check = of("HEALTHCHECK").at(-1);
  if (
    check instanceof Healthcheck &&
    draft.hasHealthCheck !== true &&
    check.getSubcommand()?.getValue().toUpperCase() === "CMD"
  ) {
    addHealthCheck(draft, check.getArgumentsContent() ?? "", placeOf(check));
    const flags = check.getFlags().map((flag) => `--${flag.getName()}`);
    if (flags.length > 0) {
      draft.notes.push({
        kind: "left out",
        place: placeOf(check),
        text: `${flags.join(", ")} of the health check: Berth has times of its own`,
      });
    }
  }
  for (const volume of of("VOLUME")) {
    const quoted = volume instanceof Volume ? volume.getJSONStrings().map((argument) => argument.getJSONValue()) : [];
    const paths = quoted.length > 0 ? quoted : volume.getExpandedArguments().map((argument) => argument.getValue());
    draft.writableDirs.push(...paths.map((path) => ({ path, place: placeOf(volume) })));
  }
  noteUser(draft, of("USER").at(-1), source, placeOf);
  return draft;
}

function noteUser(
  draft: Draft,
  user: Instruction | undefined,
  source: string,
  placeOf: (instruction: Instruction) => string,
): void {
  const name = user?.getExpandedArguments()[0]?.getValue().split(":")[0] ?? "";
  if (!ROOT.test(name)) return;
  draft.notes.push({
    kind: "warning",
    place: user === undefined ? source : placeOf(user),
    text: `${user === undefined ? "no USER, so that" : `USER ${name}:`} the image runs as root; Berth runs every app as a user without rights, with a read-only file system: add USER 1000:1000 and see that the app starts with it`,
  });
}

/** The instructions of a stage, after those of the stages it is made from. */
function stage(all: readonly Instruction[], source: string, target: string | undefined): Instruction[] {
  const stages: { name: string | undefined; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of all) {
    if (instruction instanceof From) {
      stages.push({
        name: instruction.getBuildStage()?.toLowerCase(),
        base: instruction.getImage()?.toLowerCase() ?? "",
        instructions: [],
      });
    } else stages.at(-1)?.instructions.push(instruction);
  }
  const find = (name: string, before: number) =>
    stages.findLastIndex((each, index) => index < before && (each.name === name || String(index) === name));
  const last = target === undefined ? stages.length - 1 : find(target.toLowerCase(), stages.length);
  if (stages.length === 0) {
    throw unusable(source, "without FROM", "a Dockerfile", "Give a Dockerfile or a compose file with --from.");
  }
  if (last < 0) {
    throw unusable(
      source,
      `without a stage "${String(target)}"`,
      `one of the stages ${stages.map(({ name }, index) => name ?? index).join(", ")}`,
      "Name one of them as the target.",
    );
  }
  const chain: Instruction[][] = [];
  // A stage is made from an earlier one, so that each step goes down.
  for (let index = last; index >= 0; index = find(stages[index]?.base ?? "", index)) {
    chain.unshift(stages[index]?.instructions ?? []);
  }
  return chain.flat();
}
