/**
 * The agent of a node container: the life of a node on this machine, with this machine's clock. It reports to the lab on stdout and
 * ends with its stdin. Exit status: 0 told to end, 1 could not start, 70 this life is over for the cluster, boot again.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mountGate } from '../../gate/device.ts';
import type { RunProgram } from '../../runtime/service-address.ts';
import { tcpDialBack } from '../../server/callbacks/tcp-dial.ts';
import { ExportedFilesystem } from '../../server/filesystem/filesystem.ts';
import { KERNEL_LOCKS } from '../../server/filesystem/record-locks.ts';
import { openDomainStore } from '../../store/open.ts';
import { listenAt } from '../server-identity.ts';
import { handleKey } from './control-directory.ts';
import { converse } from './conversation.ts';
import { EstateFiles } from './estate-files.ts';
import { ArmedSteps } from './node-agent/armed-steps.ts';
import { liveAsNode, type NodeMachine } from './node-agent/node-life.ts';
import { systemClock } from './surroundings.ts';

const conversation = converse(process.stdin, process.stdout);

const runProgram: RunProgram = ([file, ...argv]) =>
  new Promise((resolve, reject) => {
    execFile(file, argv, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else reject(error);
    });
  });

/** Ends at once: nothing of this life may go on granting, and the kernel takes locks and beacon along in the right order. */
function end(code: number, sentence?: string): never {
  if (sentence !== undefined) process.stderr.write(`${sentence}\n`);
  process.exit(code);
}

const machine: NodeMachine = {
  monotonicNs: () => process.hrtime.bigint(),
  after: systemClock.after,
  random: randomBytes,
  run: runProgram,
  openSteps: (stamp) => new ArmedSteps(stamp, process.stdout),
  listen: listenAt,
  dialBack: tcpDialBack(systemClock),
  end,
  locks: KERNEL_LOCKS,
  handleKey: (control) => handleKey(control, randomBytes),
  openEstates: (control) => new EstateFiles(control),
  openFilesystem: (exportDir, key) => new ExportedFilesystem({ exportDir, handleKey: key }),
  openStore: openDomainStore,
  mountGate,
};

process.on('SIGTERM', () => end(0));
void conversation.ended.then(() => end(0));
liveAsNode(conversation, machine).catch((error: Error) => end(1, error.message));
