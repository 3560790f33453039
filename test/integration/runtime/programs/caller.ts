/** Enters a sandbox with a lasting lab, as a command of the command line would. Arguments: how the caller behaves, how the lab does. */
import { join } from 'node:path';
import { enterSandbox, passOnSignals } from '../../../../src/runtime/namespace/sandbox.ts';

const [manner, labManner = 'lasts'] = process.argv.slice(2);

const sandbox = await enterSandbox({
  script: join(import.meta.dirname, 'lasting-lab.ts'),
  args: [labManner],
  env: process.env,
  detached: manner === 'detaches',
});
process.stdout.write(`${JSON.stringify(sandbox.identity)}\n`);
if (manner === 'passes-on') passOnSignals(sandbox);
if (manner === 'leaves') process.stdin.once('data', () => process.exit(0));
if (manner !== 'detaches') {
  const { code } = await sandbox.exited;
  process.exit(code ?? 1);
}
