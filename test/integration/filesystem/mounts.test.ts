import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

const IN_NAMESPACES = ['--user', '--map-root-user', '--mount'];
const possible = spawnSync('unshare', [...IN_NAMESPACES, 'true']).status === 0;

t.test('mounts', { skip: possible ? false : 'no user namespaces here' }, (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gracelab-mounts-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const script = new URL('fixtures/mounts.ts', import.meta.url).pathname;
  const output = execFileSync('unshare', [...IN_NAMESPACES, process.execPath, script, dir], {
    encoding: 'utf8',
  });
  const { crossing, overlay } = JSON.parse(output);

  t.strictSame(
    crossing,
    { otherFilesystem: 'EXDEV', bindMount: 'EXDEV', ordinary: 'no error' },
    'what is mounted below the export is not part of it, not even from the same filesystem',
  );
  if (overlay === null) {
    t.comment('no overlayfs for ordinary users here');
  } else {
    t.equal(overlay.scheme.resolution, 'search', 'overlayfs without nfs_export has no handles to open');
    t.equal(overlay.same, true, 'its files keep their handles over a reboot all the same');
  }
  t.end();
});
