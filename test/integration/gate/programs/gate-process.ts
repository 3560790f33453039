/**
 * A gate over a directory, with a coordinator that does what its stdin says: one JSON object a line, {"grace": true} or {"beacons": "grace"}. Ends with
 * its stdin. Arguments: the exported directory, the directory for marks, the mount point.
 */
import { createInterface } from 'node:readline';
import { systemClock } from '../../../../src/cli/agents/surroundings.ts';
import { mountGate } from '../../../../src/gate/device.ts';
import { Gate } from '../../../../src/gate/gate.ts';
import { ExportedFilesystem } from '../../../../src/server/filesystem/filesystem.ts';
import { RangeLocks } from '../../../../src/server/filesystem/range-locks.ts';
import { RecordLockBoard } from '../../../../src/server/marks/board.ts';
import { FakeCoordination } from '../../../unit/server/fixtures/fake-coordination.ts';

const [exportDir = '', marks = '', mountPoint = ''] = process.argv.slice(2);
const filesystem = new ExportedFilesystem({ exportDir, handleKey: Buffer.alloc(16, 7) });
const coordination = new FakeCoordination();
const domain = {
  name: 'main',
  filesystem,
  locks: new RangeLocks(filesystem),
  marks: new RecordLockBoard(marks),
  coordination,
};
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const gate = new Gate({
  domains: [domain],
  root: 'export',
  clock: systemClock,
  mutants: new Set(),
  observe: (event) => say({ ...event, waiting: gate.waiting }),
  send: (reply) => device.send(reply),
});
const device = mountGate(mountPoint, {
  receive: (request) => gate.receive(request),
  gone: () => {
    gate.close();
    say({ gone: true });
  },
});
createInterface({ input: process.stdin })
  .on('line', (line) => {
    Object.assign(coordination, JSON.parse(line));
    say({ told: line });
  })
  .on('close', () => process.exit(0));
say({ mounted: true });
