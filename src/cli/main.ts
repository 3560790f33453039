import { randomInt } from 'node:crypto';
import { runCommandLine } from './program.ts';
import { openTerminal } from './terminal.ts';

// A reader that has seen enough (`gracelab ... | head`) is not an error worth a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  terminal: openTerminal(process.stdout, process.stderr, process.env),
  env: process.env,
  cwd: process.cwd(),
  drawSeed: () => randomInt(2 ** 32),
});
