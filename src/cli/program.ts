import { Command, CommanderError } from 'commander';
import { bench } from './commands/bench.ts';
import { chaos } from './commands/chaos.ts';
import { check } from './commands/check.ts';
import { conformance } from './commands/conformance.ts';
import { doctor } from './commands/doctor.ts';
import { down } from './commands/down.ts';
import { exec } from './commands/exec.ts';
import { fault } from './commands/fault.ts';
import { fuzz } from './commands/fuzz.ts';
import { kernelClient } from './commands/kernel-client.ts';
import { ledger } from './commands/ledger.ts';
import { logs } from './commands/logs.ts';
import { model } from './commands/model.ts';
import { report } from './commands/report.ts';
import { run } from './commands/run.ts';
import { serve } from './commands/serve.ts';
import { serverHelper } from './commands/server-helper.ts';
import { simulate } from './commands/simulate.ts';
import { status } from './commands/status.ts';
import { up } from './commands/up.ts';
import { why } from './commands/why.ts';
import { EXIT, type ExitStatus, Refusal } from './exit-status.ts';
import type { Frame, Surroundings } from './frame.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

/** A command is a file of its own; adding one means adding it here and nowhere else. */
const COMMANDS: readonly ((frame: Frame) => Command)[] = [
  doctor,
  up,
  down,
  status,
  why,
  ledger,
  exec,
  kernelClient,
  logs,
  fault,
  run,
  simulate,
  chaos,
  check,
  report,
  model,
  conformance,
  fuzz,
  bench,
  serve,
  serverHelper,
];

/** Commander's own errors that are no errors: somebody asked for help or the version and got it. */
const ASKED_FOR = new Set(['commander.helpDisplayed', 'commander.help', 'commander.version']);

const EXIT_HELP = `
Exit status: 0 holds, 1 violation, 2 unknown, 3 this machine cannot, 64 wrong usage, 130 interrupted.`;

/** Subcommands copy these settings only when they are made by `.command()`, which ours are not. */
function configure(command: Command, terminal: Terminal): Command {
  for (const subcommand of command.commands) configure(subcommand, terminal);
  return command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => terminal.result(text.trimEnd()),
      // The message comes once, from oneSentence().
      writeErr: () => undefined,
    });
}

function build(frame: Frame): Command {
  const program = configure(new Command('gracelab'), frame.terminal)
    .description('A lab for cluster-coherent lock recovery.')
    .version(version())
    .enablePositionalOptions()
    .addHelpText('after', EXIT_HELP);
  for (const command of COMMANDS) program.addCommand(configure(command(frame), frame.terminal));
  return program;
}

/** `gracelab bench lock`: the command whose help has what was mistyped. */
function commandOf(program: Command, argv: readonly string[]): string {
  const [word, ...rest] = argv;
  const chosen = program.commands.find((command) => command.name() === word);
  return chosen === undefined ? program.name() : `${program.name()} ${commandOf(chosen, rest)}`;
}

function oneSentence(error: CommanderError, command: string): string {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const sentence = suggestion === undefined ? first : `${first} ${suggestion}`;
  return `gracelab: ${sentence.replace(/\.$/, '')}; see ${command} --help.`;
}

/** @returns the exit status; never throws. */
export async function runCommandLine(
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<ExitStatus> {
  const { terminal, env } = surroundings;
  let status: ExitStatus = EXIT.holds;
  const frame: Frame = {
    ...surroundings,
    conclude: (concluded) => {
      status = concluded;
    },
  };
  const program = build(frame);
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' });
    return status;
  } catch (error) {
    if (env.GRACELAB_DEBUG === '1' && error instanceof Error) terminal.message(error.stack ?? error.message);
    if (error instanceof CommanderError) {
      if (ASKED_FOR.has(error.code)) return EXIT.holds;
      terminal.message(oneSentence(error, commandOf(program, argv)));
      return EXIT.wrongUsage;
    }
    if (error instanceof Refusal) {
      terminal.message(`gracelab: ${error.message}`);
      return error.status;
    }
    // Node's own way, a stack trace and status 1, would read as a violation.
    terminal.message(
      `gracelab: ${(error as Error).message}; this should not happen, and GRACELAB_DEBUG=1 shows where it did.`,
    );
    return EXIT.unknown;
  }
}
