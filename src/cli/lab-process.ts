import { fileURLToPath } from 'node:url';
import type { RunRequest, ScenarioResult } from '../scenario/run-request.ts';
import type { Frame } from './frame.ts';
import { inSandbox } from './sandboxed.ts';

const LAB_SCRIPT = fileURLToPath(new URL('./agents/lab.ts', import.meta.url));

/**
 * Runs one scenario in a sandbox of its own.
 * @throws {Refusal} when the machine cannot, or when somebody ended the run.
 */
export function runInSandbox(request: RunRequest, frame: Frame): Promise<ScenarioResult> {
  const title = request.scenario.name;
  return inSandbox<ScenarioResult>({ script: LAB_SCRIPT, request, title, aim: 'a verdict' }, frame);
}
