import type { Command } from "commander";
import { harmless } from "../lifecycle/harmless";
import { egressLog, type EgressLog, type Refusal } from "../lifecycle/egress-log";
import { logs, type PodLog } from "../lifecycle/logs";
import { action, command } from "./command";
import { chooseTarget } from "./context";
import { nameFrom, positiveCount, withNameOptions, type NameOptions } from "./options";
import { table, type Colors } from "./render";

interface Options extends NameOptions {
  egress?: boolean;
  lines: number;
}

/** `berth logs`. */
export function logsCommand(): Command {
  return withNameOptions(
    command("logs", "Show what an environment's programs have printed, or which ways out its pods were refused.", [
      "berth logs shop-pr-12",
      "berth logs --pr 12 --egress          refused connections and hosts: which pod, where to, when",
      "berth logs --pr 12 --egress --json | jq -r '.refusals[].to' | sort | uniq -c",
    ]),
  )
    .option("--egress", "refused ways out instead of what the programs print")
    .option("--lines <count>", "the newest so many lines, of each pod", positiveCount, 100)
    .action(
      action<Options>(async ({ globals, colors }, options, [given]) => {
        const target = await chooseTarget(globals);
        const name = await nameFrom(target, options, given);
        if (options.egress === true) {
          const found = await egressLog(target, name, options.lines);
          return { value: found, text: renderEgressLog(found, colors) };
        }
        const found = await logs(target, name, options.lines);
        return { value: found, text: renderLogs(found, colors) };
      }),
    );
}

/** What each pod has printed, under its name; its words command neither a terminal nor GitHub's runner. */
export function renderLogs(pods: readonly PodLog[], colors: Colors): string {
  if (pods.length === 0) return "no pods";
  return pods.map(({ pod, lines }) => [colors.bold(`== ${pod}`), ...lines.map(harmless)].join("\n")).join("\n");
}

/** What was refused, a line each, oldest first. */
export function renderEgressLog({ environment, refusals, remark }: EgressLog, colors: Colors): string {
  const lines =
    refusals.length === 0
      ? remark === undefined
        ? `${environment}: no way out was refused`
        : `${environment}: no refused way out is known`
      : table(
          ["TIME", "POD", "TO", "PORT", "PROTOCOL", "REFUSED BY"],
          refusals.map((each) => [
            each.time.replace(/\.\d+Z$/, "Z"),
            each.pod,
            destination(each),
            each.port === undefined ? "-" : String(each.port),
            each.protocol,
            `${each.by === "policies" ? "network policies" : "egress proxy"}${each.leftOut === undefined ? "" : ` (and ${each.leftOut} more before)`}`,
          ]),
          [3],
        );
  return remark === undefined ? lines : `${lines}\n${colors.yellow(remark)}`;
}

function destination({ to, toPod, greeting }: Refusal): string {
  if (toPod !== undefined) return `${to} (${toPod})`;
  // Names are the program's own words, which must not move the terminal.
  return (greeting === undefined ? to : `${to} (greeting: ${greeting})`).replaceAll(/\p{C}/gu, "?");
}
