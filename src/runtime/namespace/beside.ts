/** A program beside init that talks as init does. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Process, Program } from '../runtime.ts';
import { JsonLines } from './json-lines.ts';
import type { ContainerLog } from './log-sink.ts';
import { type Environment, withSystemPath } from './tools.ts';

/** @param enter the command that starts the program behind it inside the container */
export function startBeside(
  enter: readonly string[],
  { argv, env: own }: Program,
  env: Environment,
  log: ContainerLog,
): Process {
  const [file = '', ...args] = [...enter, ...argv];
  const child: ChildProcess = spawn(file, args, {
    env: withSystemPath({ ...env, ...own }),
    cwd: '/',
    stdio: ['pipe', 'pipe', log.stderr],
  });
  if (child.stderr !== null) log.follow(child.stderr as Readable);
  const lines = new JsonLines(child.stdin as Writable, child.stdout as Readable, (line) => log.write(line));
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('error', (error) => {
      log.write(`${file} could not be started: ${error.message}`);
      resolve({ code: null, signal: null });
    });
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    pid: child.pid ?? 0,
    exited,
    send: (message) => lines.send(message),
    onMessage: (listener) => lines.onMessage(listener),
  };
}
