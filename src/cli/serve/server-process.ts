/** Ends and starts the process of a server, from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../agents/surroundings.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Environment } from '../frame.ts';
import { argumentsOf, type ServeOrder } from './order.ts';
import { LOG_FILE, type ServerRecord, serverLives } from './server-record.ts';

const PROGRAM = fileURLToPath(new URL('../main.ts', import.meta.url));
const LOOK_MS = 5;
/** A planned stop gives up by itself before. */
const END_MS = 20_000;

/** Ends it, and waits until it is gone. Only the process that wrote the record: its pid may be somebody else's by now. */
export async function endServer(record: ServerRecord, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const giveUpMs = systemClock.nowMs() + END_MS;
  if (!serverLives(record)) return;
  process.kill(record.pid, signal);
  while (serverLives(record)) {
    if (systemClock.nowMs() > giveUpMs)
      throw new Refusal(EXIT.unknown, `the server does not end: look at process ${record.pid}.`);
    await new Promise<void>((resolve) => void systemClock.after(LOOK_MS, resolve));
  }
}

/**
 * Starts it with the arguments that it had, on its own from then on, and waits until it serves.
 * @returns the line that it says then
 */
export async function startServer(order: ServeOrder, env: Environment): Promise<string> {
  const log = path.join(order.state, LOG_FILE);
  const logFd = openSync(log, 'w', 0o600);
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', PROGRAM, 'serve', ...argumentsOf(order)],
    { cwd: '/', env, detached: true, stdio: ['ignore', 'pipe', logFd] },
  );
  const line = await firstLine(child);
  if (line !== null) {
    child.stdout?.destroy();
    child.unref();
    return line;
  }
  const lastWords = readFileSync(log, 'utf8').trim().split('\n').at(-1);
  throw new Refusal(
    EXIT.machineCannot,
    lastWords?.replace(/^gracelab: /, '') || 'the server ended before it served.',
  );
}

/** It says one when it serves; null when it has ended without. */
async function firstLine(child: ChildProcess): Promise<string | null> {
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) return line;
  await ended;
  return null;
}
