import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { finish, ROOT, temporaryDirectory } from '../cli/gracelab.ts';

/** On a machine that is busy otherwise; an idle one needs three seconds. */
t.setTimeout(1_700_000);

const COMMAND = path.join(ROOT, 'src/bootstrap/gracelab.cjs');

/** Processes with this in their environment. */
function processesWith(marker: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(marker);
    } catch {
      return false;
    }
  });
}

t.test(
  'what grace costs two nodes and five clients: every figure is there, and nothing is left',
  async (t) => {
    const directory = temporaryDirectory(t);
    const places = ['cwd', 'tmp', 'run'].map((name) => path.join(directory, name));
    for (const place of places) mkdirSync(place, { mode: 0o700 });
    const [cwd, TMPDIR, XDG_RUNTIME_DIR] = places as [string, string, string];
    const marker = `GRACELAB_TEST_MARK=${path.basename(directory)}`;
    const env = { ...process.env, TMPDIR, XDG_RUNTIME_DIR, GRACELAB_TEST_MARK: path.basename(directory) };
    const plan = ['--nodes', '2', '--clients', '5', '--store', 'sqlite'];
    // No lease runs out on a machine that is busy otherwise.
    const argv = [COMMAND, 'bench', 'grace', ...plan, '--lease', '8s', '--json'];
    const { status, stdout, stderr } = await finish(process.execPath, argv, env, cwd);
    t.equal(status, 0, stderr);
    t.match(stderr, /^sqlite, 2 nodes, 5 clients: done, load [\d.]+$/m, 'it says how far it is');
    const { bench, machine, runs } = JSON.parse(stdout);
    t.equal(bench, 'grace');
    t.ok(machine.cores > 0);
    t.equal(runs.length, 1);
    const [{ plan: carriedOut, failure, figures }] = runs;
    t.match(carriedOut, { nodes: 2, clients: 5, store: 'sqlite' });
    t.equal(failure, null);
    for (const [part, of] of Object.entries(figures as Record<string, Record<string, { value?: number }>>))
      for (const [name, figure] of Object.entries(of))
        t.ok(
          typeof figure.value === 'number' && figure.value >= 0,
          `${part} ${name}: ${JSON.stringify(figure)}`,
        );

    const { normal, reboot, loss } = figures;
    t.ok(normal.requests.value > 0, 'somebody has locked and unlocked');
    for (const written of ['swaps', 'recordWrites', 'records', 'transactions'])
      t.equal(normal[written].value, 0, `in normal operation: ${written}`);
    // report-death, one acknowledgement, boot, finish.
    t.equal(reboot.swaps.value, 4);
    t.equal(reboot.reclaimed.value, 5);
    // Of the five, and of the four clients of the survivor that made the traffic.
    t.equal(reboot.records.value, 9);
    t.equal(loss.swaps.value, 2);
    for (const place of places) t.same(readdirSync(place), [], `nothing is left in ${path.basename(place)}`);
    t.same(processesWith(marker), []);
  },
);
