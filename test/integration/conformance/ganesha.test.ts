/** The rows against NFS-Ganesha, which breaks some: what was measured is kept here, so that a change of ours or of it is noticed. docs/conformance.md has the table. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { temporaryDirectory } from '../cli/gracelab.ts';
import { freePort } from '../serve/fixtures/free-port.ts';
import { ganesha, ganeshaVersion } from './ganesha.ts';
import { conformance, rowsWith, ServerProcess } from './server-process.ts';

const MEASURED = 'V4.3';
/** Half of it is what row 16 makes of it, so that a busy machine is not taken for a grace that was long enough. */
const LEASE_S = 8;
const GRACE_S = 16;

const BROKEN = {
  6: 'OPEN by handle: expected GRACE, got OK',
  8: 'LOCK, reclaim: expected NO_GRACE, got OK',
  11: 'the second OPEN, reclaim: expected RECLAIM_CONFLICT, got SHARE_DENIED',
  14: 'without a filehandle: expected NOFILEHANDLE, got OK',
  16: /the end of grace: expected not before 8.0 s, got after [4-7]/,
  18: 'OPEN, reclaim: expected NO_GRACE, got OK',
  19: 'OPEN, reclaim: expected NO_GRACE, got OK',
  25: 'EXCHANGE_ID: expected CLID_INUSE, got OK',
  26: 'OPEN, reclaim: expected RECLAIM_BAD or NO_GRACE, got OK',
  34: 'READ: expected BAD_STATEID, got STALE_STATEID',
  35: 'the second LOCK, reclaim: expected RECLAIM_CONFLICT, got DENIED',
};

const version = ganeshaVersion();
const refusal =
  process.getuid?.() !== 0
    ? 'NFS-Ganesha needs root'
    : version !== MEASURED && `NFS-Ganesha ${MEASURED} is not there (packages nfs-ganesha, nfs-ganesha-vfs)`;

t.test('NFS-Ganesha 4.3: what it breaks', { skip: refusal }, async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const server = await ServerProcess.start(
    t,
    ganesha(directory, port, { leaseSeconds: LEASE_S, graceSeconds: GRACE_S }),
  );
  const helper = await server.helper(t, directory);
  const report = await conformance(`127.0.0.1:${port}/export`, '--helper', helper);
  t.equal(report.status, 1, report.stderr);
  t.same(report.versions, ['4.0', '4.1', '4.2']);
  const broken = rowsWith(report, 'fail');
  t.match(broken, BROKEN);
  t.same(Object.keys(broken), Object.keys(BROKEN), 'and nothing else');
  t.same(Object.keys(rowsWith(report, 'not-applicable')), ['22', '28', '29', '30']);
  t.same(rowsWith(report, 'unknown'), {});
  t.same(readdirSync(path.join(directory, 'export')), [], 'nothing is left behind');
});
