import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline';
import { EXIT } from './exit-status.ts';
import { runCommandLine } from './program.ts';
import { openTerminal } from './terminal.ts';

// A reader that has seen enough (`gracelab ... | head`) is not an error worth a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  process.stderr.write(`gracelab: cannot write the result: ${error.message}.\n`);
  process.exit(EXIT.unknown);
});
// Nobody is there any more to be told, and what runs still has to be ended.
process.stderr.on('error', () => undefined);

/** Throws where the directory was removed since. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    process.stderr.write('gracelab: the directory you are in is gone; change to one that is there.\n');
    return process.exit(EXIT.wrongUsage);
  }
}

/** On stderr: stdout is for results. */
function askOnTerminal(question: string): Promise<string | null> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    terminal.once('SIGINT', () => terminal.close());
    terminal.once('close', () => resolve(null));
    terminal.question(question, (answer) => {
      resolve(answer);
      terminal.close();
    });
  });
}

process.exitCode = await runCommandLine(process.argv.slice(2), {
  terminal: openTerminal(process.stdout, process.stderr, process.env),
  env: process.env,
  cwd: workingDirectory(),
  drawSeed: () => randomInt(2 ** 32),
  ask: process.stdin.isTTY && process.stderr.isTTY ? askOnTerminal : null,
});
