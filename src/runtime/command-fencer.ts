/**
 * Fences by a command of the operator's, for everything that is not a container or a virtual machine of ours: a power
 * switch, a management board, a storage array that shuts a host out. It is called as `COMMAND... NODE INCARNATION`,
 * may be called again for the same life, and must exit with 0 only when that life is certainly over.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import type { FenceOutcome, Fencer } from '../core/fencer.ts';
import { FenceAttempt, failed, GONE } from './fence-attempt.ts';

export interface CommandFencerOptions {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Power switches are slow. */
  readonly limitMs?: number;
}

/** A complaint is one line; whatever comes after this many characters is not kept. */
const MAX_COMPLAINT_CHARACTERS = 4096;

export function commandFencer(
  command: readonly [string, ...string[]],
  { clock, env, limitMs = 60_000 }: CommandFencerOptions,
): Fencer {
  const [file, ...args] = command;
  return {
    fence: ({ node, incarnation }) =>
      FenceAttempt.run({ clock, limitMs, waitingFor: `\`${file}\` to end` }, async ({ timeUp }) => {
        // A process group of its own, so that a script's children end with it.
        const child = spawn(file, [...args, node, String(incarnation)], {
          detached: true,
          env,
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        timeUp.addEventListener('abort', () => killGroup(child));
        return await outcomeOf(child, file);
      }),
  };
}

function outcomeOf(child: ChildProcess, file: string): Promise<FenceOutcome> {
  return new Promise((resolve) => {
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(0, MAX_COMPLAINT_CHARACTERS);
    });
    child.on('error', (error) => resolve(failed(`\`${file}\` could not be started: ${error.message}`)));
    child.on('exit', (code) => {
      if (code !== 0) return;
      // Not later, at the end of stderr: what it left running in the background may hold that open for ever.
      (child.stderr as Socket | null)?.unref();
      resolve(GONE);
    });
    child.on('close', (code, signal) => {
      const ending = code === null ? `was ended by ${signal}` : `ended with status ${code}`;
      const complaint = stderr.trim().split('\n')[0];
      resolve(
        failed(complaint ? `\`${file}\` ${ending}: ${complaint}` : `\`${file}\` ${ending} and said nothing`),
      );
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // All of the group have ended by themselves.
  }
}
