import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { enterSandbox, passOnSignals } from '../runtime/namespace/sandbox.ts';
import type { RunMessage, RunRequest, ScenarioResult } from '../scenario/run-request.ts';
import { EXIT, Refusal } from './exit-status.ts';
import type { Frame } from './frame.ts';

const LAB_SCRIPT = fileURLToPath(new URL('./agents/lab.ts', import.meta.url));

/**
 * Runs one scenario in a sandbox of its own, which ends with this process whatever happens to it.
 * @throws {Refusal} when the machine cannot, or when somebody ended the run.
 */
export async function runInSandbox(request: RunRequest, frame: Frame): Promise<ScenarioResult> {
  const { terminal, env } = frame;
  const sandbox = await enterSandbox({
    script: LAB_SCRIPT,
    env,
    nodeOptions: ['--disable-warning=ExperimentalWarning'],
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const stopPassingOn = passOnSignals(sandbox);
  // A lab that ends before it has read its request says why on its own.
  sandbox.stdin?.on('error', () => undefined);
  sandbox.stdin?.write(`${JSON.stringify(request)}\n`);
  let result: ScenarioResult | null = null;
  let impossible: string | null = null;
  for await (const line of createInterface({ input: sandbox.stdout as NodeJS.ReadableStream })) {
    const message = JSON.parse(line) as RunMessage;
    if ('progress' in message) {
      const seconds = (message.progress.elapsedMs / 1000).toFixed(0);
      terminal.progress(`${request.scenario.name}: ${message.progress.text} (${seconds} s)`);
    } else if ('result' in message) result = message.result;
    else impossible = message.impossible;
  }
  const end = await sandbox.exited;
  stopPassingOn();
  terminal.progress('');
  if (result !== null) return result;
  if (impossible !== null) throw new Refusal(EXIT.machineCannot, impossible);
  // 128 + a signal: somebody ended the run, and the lab with it.
  if (end.code !== null && end.code > 128) {
    throw new Refusal(end.code, `${request.scenario.name} was interrupted; nothing is left of it.`);
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
    `the lab of ${request.scenario.name} ended (${how}) before it had a verdict; nothing is left of it.`,
  );
}
