import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { exitStatusOf, withSystemPath } from '../../runtime/namespace/tools.ts';
import { EXIT, type ExitStatus, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import { enterContainerArgv } from '../living/enter-container.ts';
import { findLab } from '../living/place.ts';

/** `gracelab exec NODE -- CMD`: a program inside a node or client, with this terminal as its own. */
export function exec(frame: Frame): Command {
  return new Command('exec')
    .description('run a program inside a node or client; its exit status becomes ours')
    .argument('<node>', 'a node or client of the lab')
    .argument('<cmd...>', 'the program and its arguments; put -- before it')
    .option('--name <name>', 'which lab')
    .passThroughOptions()
    .action(async (node: string, argv: readonly string[], options: { name?: string }) => {
      // What comes after the node is not parsed, so neither is the -- that people put between.
      const program = argv[0] === '--' ? argv.slice(1) : argv;
      if (program.length === 0)
        throw new Refusal(EXIT.wrongUsage, 'which program is to run? Name it after the --.');
      if (program === argv && argv[0]?.startsWith('-'))
        throw new Refusal(
          EXIT.wrongUsage,
          `options like ${argv[0]} come before the node, and -- before the program.`,
        );
      const place = findLab(options.name, frame.env);
      const enter = await enterContainerArgv(place, node);
      frame.conclude(await runHere([...enter, ...program], frame));
    });
}

/** The terminal, its signals and its size go to the program directly: it is in our process group. */
function runHere([file = '', ...args]: readonly string[], frame: Frame): Promise<ExitStatus> {
  const child = spawn(file, args, { stdio: 'inherit', env: withSystemPath(frame.env) });
  // Ctrl-C is for the program; whether it ends of it is the program's affair.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  process.on('SIGQUIT', ignore);
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGTERM', passOn);
  process.on('SIGHUP', passOn);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(exitStatusOf(code, signal)));
  });
}
