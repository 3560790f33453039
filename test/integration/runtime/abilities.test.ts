/** What this machine can do is found out by doing it. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import {
  namespaceAbilities,
  namespaceOffer,
  sandboxRefusal,
} from '../../../src/runtime/namespace/abilities.ts';
import { withSystemPath } from '../../../src/runtime/namespace/tools.ts';
import { tapInSandbox } from './programs/in-sandbox.ts';

const t = await tapInSandbox(import.meta.filename);
const env = withSystemPath(process.env);

function canOpen(device: string): boolean {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const optional = async () =>
  (await namespaceAbilities(env))
    .filter(({ need }) => need === 'optional')
    .map(({ name, present }) => [name, present]);

/** Its device may be root's alone, or missing. */
const GATE = canOpen('/dev/fuse');

t.test('partitions and moving addresses are parts that a lab can do without', async (t) => {
  const NFT = ['partitions', 'packet-loss', 'connection-reset', 'relay'];
  const others = [
    ['clock-offset', true],
    ['space-limit', true],
    ['gate', GATE],
  ];
  t.strictSame(await optional(), [...NFT.map((name) => [name, true]), ...others, ['arping', true]]);
  for (const program of ['nft', 'arping']) {
    const path = execFileSync('sh', ['-c', `command -v ${program}`], { env, encoding: 'utf8' }).trim();
    // Seen in this sandbox only: a program that cannot be started.
    execFileSync('mount', ['--bind', '/dev/null', path], { env });
  }
  t.strictSame(await optional(), [...NFT.map((name) => [name, false]), ...others, ['arping', false]]);
  const missing = (await namespaceAbilities(env)).filter(({ present }) => !present);
  for (const { name, remedy } of missing) t.match(remedy, /^(install|use|run) /, name);
  t.match(await namespaceOffer(env), { missing: NFT.map((ability) => ({ ability })) });
  t.equal(await sandboxRefusal(env), null);
});
