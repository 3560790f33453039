/**
 * The lab process: pid 1 of a sandbox. It takes one request (src/scenario/run-request.ts) on stdin, runs
 * the scenario on real containers, and says on stdout how it goes. When it ends, for whatever reason, the
 * kernel takes every process, mount and interface of the lab with it.
 */
import { NamespaceLab } from '../../runtime/namespace/lab.ts';
import { folderTime } from '../../scenario/run-folder.ts';
import type { RunRequest } from '../../scenario/run-request.ts';
import { type RunSurroundings, runScenario } from '../../scenario/runner.ts';
import { openOperator } from '../operator/desk.ts';
import { carryOut } from './lab-task.ts';
import { openLedgerHold } from './ledger-hold.ts';
import { openSharedView } from './shared-view.ts';
import { agentProgram, systemClock as clock } from './surroundings.ts';

function surroundings(request: RunRequest, interruption: AbortSignal): RunSurroundings {
  return {
    openLab: ({ logsDir, filesystems }) =>
      NamespaceLab.open({
        clock,
        env: process.env,
        log: { directory: logsDir },
        visible: [request.out],
        filesystems,
      }),
    openOperator: (domain, fencer) => openOperator(domain, { clock, fencer }),
    programs: {
      node: agentProgram('node'),
      client: agentProgram('client'),
      relay: agentProgram('relay'),
      local: agentProgram('program'),
    },
    openLedgerHold,
    clock,
    interruption,
    monotonicNs: () => process.hrtime.bigint(),
    folderTime: () => folderTime(new Date()),
    view: openSharedView,
    setting: { runtime: 'namespace', server: 'gracelab', filesystem: 'tmpfs' },
  };
}

await carryOut((request: RunRequest, { interruption, progress }) => {
  const { scenario, seed, mutants, out } = request;
  return runScenario({ scenario, seed, mutants, out, progress }, surroundings(request, interruption));
});
