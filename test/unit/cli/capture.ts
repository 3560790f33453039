import { runCommandLine } from '../../../src/cli/program.ts';
import { openTerminal } from '../../../src/cli/terminal.ts';

export interface Captured {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process, as if it had been typed where nothing is a terminal. */
export async function gracelab(
  argv: readonly string[],
  env: Record<string, string | undefined> = process.env,
  drawSeed: () => number = () => 1,
): Promise<Captured> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    write(text: string | Uint8Array) {
      written[name] += text;
      return true;
    },
  });
  const terminal = openTerminal(stream('stdout'), stream('stderr'), env);
  const status = await runCommandLine(argv, { terminal, env, cwd: '/', drawSeed, ask: null });
  return { status, ...written };
}
