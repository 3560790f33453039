import { existsSync, readdirSync, readFileSync, watch } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { findLab, type LabPlace } from '../living/place.ts';

const MOST_LINES = 1_000_000;

/** The lines of a container's log, oldest first; the part that was put aside comes before the current one. */
function linesOf(file: string): string[] {
  return [`${file}.1`, file]
    .filter((part) => existsSync(part))
    .flatMap((part) => readFileSync(part, 'utf8').split('\n').slice(0, -1));
}

function logFile(place: LabPlace, node: string): string {
  const known = readdirSync(place.logs)
    .filter((file) => file.endsWith('.log'))
    .map((file) => path.basename(file, '.log'));
  if (known.includes(node)) return path.join(place.logs, `${node}.log`);
  throw new Refusal(EXIT.wrongUsage, `there is no log of "${node}"; there are ${known.join(', ')}.`);
}

/** `gracelab logs NODE`: what a node or client said, and what happened to it. */
export function logs(frame: Frame): Command {
  return new Command('logs')
    .description('what a node or client said, and what happened to it')
    .argument('<node>', 'a node or client of the lab; `lab` for the lab itself')
    .option('--name <name>', 'which lab')
    .option('-n, --lines <n>', 'only so many of the last lines', wholeNumber(0, MOST_LINES))
    .option('-f, --follow', 'go on as the log grows')
    .option('--json', 'print one JSON document')
    .action((node: string, options: { name?: string; lines?: number; follow?: true; json?: true }) => {
      const { terminal, env } = frame;
      if (options.json && options.follow)
        throw new Refusal(
          EXIT.wrongUsage,
          'one JSON document cannot follow a log: leave out --json or --follow.',
        );
      const file = logFile(findLab(options.name, env), node);
      const lines = linesOf(file);
      const shown =
        options.lines === undefined ? lines : lines.slice(Math.max(0, lines.length - options.lines));
      if (options.json) terminal.result(JSON.stringify({ node, lines: shown }, null, 2));
      else if (shown.length > 0) terminal.result(shown.join('\n'));
      if (options.follow) follow(file, lines.length, frame);
    });
}

/** Until somebody presses Ctrl-C, or the lab goes down and takes the log along. */
function follow(file: string, from: number, frame: Frame): void {
  let seen = from;
  const watcher = watch(path.dirname(file), () => {
    if (!existsSync(file)) return watcher.close();
    const lines = linesOf(file);
    // A part that was put aside replaces an older one: then there are fewer lines than before.
    const fresh = lines.slice(Math.min(seen, lines.length));
    seen = lines.length;
    if (fresh.length > 0) frame.terminal.result(fresh.join('\n'));
  });
  watcher.on('error', () => watcher.close());
}
