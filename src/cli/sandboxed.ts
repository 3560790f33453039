/** A task in a sandbox of its own, which ends with this process whatever happens to it. */
import { createInterface } from 'node:readline';
import { enterSandbox, passOnSignals } from '../runtime/namespace/sandbox.ts';
import { EXIT, Refusal } from './exit-status.ts';
import type { Frame } from './frame.ts';

/** What the lab process (pid 1 of the sandbox) says, a JSON line each: the last one is `result` or `impossible`. */
export type LabMessage<Result> =
  /** What it is busy with: when that changes, and once a second while it lasts. */
  | { readonly progress: { readonly text: string; readonly elapsedMs: number } }
  | { readonly result: Result }
  /** This machine cannot: one sentence that says why and what to do. Nothing was left behind. */
  | { readonly impossible: string };

export interface SandboxedTask {
  /** Absolute path of the program that becomes the lab process. */
  readonly script: string;
  /** The one line that it reads on its stdin. */
  readonly request: object;
  /** What messages call the task. */
  readonly title: string;
  /** What it is to come to: `a verdict`. */
  readonly aim: string;
}

/** @throws {Refusal} when the machine cannot, or when somebody ended the task */
export async function inSandbox<Result>(
  { script, request, title, aim }: SandboxedTask,
  { terminal, env }: Pick<Frame, 'terminal' | 'env'>,
): Promise<Result> {
  const sandbox = await enterSandbox({
    script,
    env,
    nodeOptions: ['--disable-warning=ExperimentalWarning'],
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const stopPassingOn = passOnSignals(sandbox);
  // A lab that ends before it has read its request says why on its own.
  sandbox.stdin?.on('error', () => undefined);
  sandbox.stdin?.write(`${JSON.stringify(request)}\n`);
  let result: Result | null = null;
  let impossible: string | null = null;
  for await (const line of createInterface({ input: sandbox.stdout as NodeJS.ReadableStream })) {
    const message = JSON.parse(line) as LabMessage<Result>;
    if ('progress' in message) {
      const seconds = (message.progress.elapsedMs / 1000).toFixed(0);
      terminal.progress(`${title}: ${message.progress.text} (${seconds} s)`);
    } else if ('result' in message) result = message.result;
    else impossible = message.impossible;
  }
  const end = await sandbox.exited;
  stopPassingOn();
  terminal.progress('');
  if (result !== null) return result;
  if (impossible !== null) throw new Refusal(EXIT.machineCannot, impossible);
  // 128 + a signal: somebody ended it, and the lab with it.
  if (end.code !== null && end.code > 128) {
    throw new Refusal(end.code, `${title} was interrupted; nothing is left of it.`);
  }
  if (end.complaint !== '') {
    throw new Refusal(
      EXIT.machineCannot,
      `${end.complaint}; \`gracelab doctor\` says what this machine lacks.`,
    );
  }
  const how = end.signal ?? `status ${end.code}`;
  throw new Refusal(
    EXIT.unknown,
    `the lab of ${title} ended (${how}) before it had ${aim}; nothing is left of it.`,
  );
}
