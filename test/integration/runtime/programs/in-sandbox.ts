import { sandboxRefusal } from '../../../../src/runtime/namespace/abilities.ts';
import { enterSandbox } from '../../../../src/runtime/namespace/sandbox.ts';

/**
 * Has a test file run as process 1 of a sandbox: outside it starts the file again in there and ends with its exit
 * status; inside it returns tap. tap is loaded there only, as two of them would both print.
 */
export async function tapInSandbox(file: string): Promise<typeof import('tap')['default']> {
  if (process.pid === 1) return (await import('tap')).default;
  const refusal = await sandboxRefusal(process.env);
  if (refusal !== null) {
    console.log(`TAP version 14\n1..0 # skip ${refusal}`);
    process.exit(0);
  }
  const sandbox = await enterSandbox({ script: file, env: process.env });
  const { code, complaint } = await sandbox.exited;
  if (complaint !== '') console.error(complaint);
  process.exit(code ?? 1);
}
