import t from 'tap';
import { CLAIM_FH, CLAIM_PREVIOUS } from '../../../src/nfs4/constants.ts';
import * as st from '../../../src/nfs4/status.ts';
import { Scene } from './fixtures/scene.ts';

const LEASE_MS = 1000;
const OFTEN = 400;
const BESIDE = 'p1 oversteps';
const HELD = [{ start: 0, end: 32, mode: 'write' }];

/** A server that refuses in its second life what a right one refuses; reclaims from `overAtMs` on, too. */
function isRight({ server, clock }: Scene, overAtMs = Number.POSITIVE_INFINITY): void {
  const complete = () => server.ran('RECLAIM_COMPLETE').some(({ life }) => life === 2);
  const judge = (reclaims: boolean, anew: boolean): st.Status | null => {
    if (reclaims) return complete() || clock.nowMs() >= overAtMs ? st.NFS4ERR_NO_GRACE : null;
    return anew && !complete() ? st.NFS4ERR_GRACE : null;
  };
  for (let times = 0; times < OFTEN; times += 1) {
    server.script('OPEN', ({ claim: { claim } }) => judge(claim === CLAIM_PREVIOUS, claim === CLAIM_FH));
    server.script('LOCK', ({ reclaim }) => judge(reclaim, !reclaim));
  }
}

const answered = (ops: readonly string[]) => ops.filter((op) => !op.endsWith('invoke'));

/** What was asked and answered since the server rebooted. */
async function recovering(lingers: boolean, overAfterMs?: number) {
  const scene = await Scene.begin();
  const file = await scene.lockedFile();
  await scene.settle(scene.client.open(file.path, { owner: BESIDE }));
  scene.client.behave({ oversteps: BESIDE, lingers });
  const before = scene.ops().length;
  const rebootedMs = scene.clock.nowMs();
  scene.server.reboot();
  isRight(scene, overAfterMs === undefined ? undefined : rebootedMs + overAfterMs);
  t.same(await scene.settle(scene.client.recovered({ timeoutMs: 60 * LEASE_MS })), { status: 'OK' });
  const asked = scene.ops().slice(before);
  return {
    scene,
    file,
    asked: answered(asked),
    tookMs: scene.clock.nowMs() - rebootedMs,
  };
}

t.test('rows 6 and 8: something new before it is through, twice, and a reclaim after that', async (t) => {
  const { file, asked } = await recovering(false);
  t.same(asked, [
    'open fail GRACE',
    'reclaim open ok',
    'reclaim open ok',
    'reclaim lock ok',
    'open fail GRACE',
    'lock fail GRACE',
    'reclaim open fail NO_GRACE',
    'reclaim lock fail NO_GRACE',
  ]);
  t.same(file.held, HELD, 'what it has honestly stays as it is');
});

t.test(
  'row 31: one that lingers reclaims until it is refused, and asks for something new before it is through',
  async (t) => {
    const { file, asked, tookMs } = await recovering(true, 2 * LEASE_MS);
    const lingered = asked.slice(4, -5);
    t.same([...new Set(lingered)], ['reclaim open ok']);
    t.ok(lingered.length >= 8 && lingered.length <= 20, 'a few each lease');
    t.same(asked.slice(-5), [
      'reclaim open fail NO_GRACE',
      'open fail GRACE',
      'lock fail GRACE',
      'reclaim open fail NO_GRACE',
      'reclaim lock fail NO_GRACE',
    ]);
    t.ok(tookMs < 4 * LEASE_MS);
    t.same(file.held, HELD);
  },
);

t.test('D13: a server that lets it linger is not held for ever', async (t) => {
  const { asked, tookMs } = await recovering(true);
  t.ok(asked.length > 50);
  t.ok(tookMs > 10 * LEASE_MS && tookMs < 20 * LEASE_MS, `${tookMs} ms`);
});

t.test('one that lingers stops when somebody asks for another behaviour', async (t) => {
  const scene = await Scene.begin();
  await scene.settle(scene.client.open('ledger.db', { owner: BESIDE }));
  scene.client.behave({ oversteps: BESIDE, lingers: true });
  scene.server.reboot();
  isRight(scene);
  await scene.until(() => scene.ops().filter((op) => op === 'reclaim open ok').length > 4);
  scene.client.behave('by-the-book');
  t.same(await scene.settle(scene.client.recovered({ timeoutMs: LEASE_MS })), { status: 'OK' });
});

t.test('row 9: in a session that stands, beside what it honestly does', async (t) => {
  const { scene, file } = await recovering(false);
  const beside = await scene.settle(scene.client.open(file.path, { owner: BESIDE }));
  const before = scene.ops().length;
  t.same(await scene.settle(beside.overstep()), { status: 'NO_GRACE', attempts: 2 });
  t.same(answered(scene.ops().slice(before)), ['reclaim open fail NO_GRACE', 'reclaim lock fail NO_GRACE']);
  t.same(file.held, HELD);
});

t.test('D10: what it should not have been given it gives back', async (t) => {
  const scene = await Scene.begin();
  const file = await scene.settle(scene.client.open('ledger.db', { owner: BESIDE }));
  const before = scene.ops().length;
  t.same(await scene.settle(file.overstep()), { status: 'OK', attempts: 3 });
  t.same(answered(scene.ops().slice(before)), ['reclaim open ok', 'reclaim lock ok', 'unlock ok']);
  t.same(file.held, [], 'and does not believe in it meanwhile');
});

t.test('what it has not open it cannot be about: the recovery is by the book', async (t) => {
  const scene = await Scene.begin();
  await scene.lockedFile();
  scene.client.behave({ oversteps: 'p2', lingers: true });
  const before = scene.ops().length;
  scene.server.reboot();
  await scene.settle(scene.client.recovered());
  t.same(scene.ops().slice(before), [
    'reclaim open invoke',
    'reclaim open ok',
    'reclaim lock invoke',
    'reclaim lock ok',
  ]);
});

t.test(
  'row 6: a completion says since when the server may know of it, also when it was lost and said again',
  async (t) => {
    const scene = await Scene.begin();
    await scene.lockedFile();
    scene.server.reboot();
    scene.server.lose('RECLAIM_COMPLETE', 'after-run', () => scene.server.dropSessions());
    await scene.settle(scene.client.recovered());
    const sent = scene.server.ran('RECLAIM_COMPLETE').filter(({ life }) => life === 2);
    t.equal(sent.length, 2, 'in the session that died, and in the next one');
    const told = scene.events.findLast(
      (event) => event.kind === 'client' && event.event === 'reclaim-complete',
    );
    const sentAtMs = (told?.kind === 'client' ? (told.sentAt ?? 0) : 0) / 1e6;
    t.ok(sentAtMs > 0 && sentAtMs <= sent[0]!.atMs, 'before the first of them came');
  },
);
