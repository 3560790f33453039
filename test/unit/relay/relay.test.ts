import t from 'tap';
import type { MessageAct, MessageRule } from '../../../src/core/message-rule.ts';
import { call, encodeCompound } from '../../../src/nfs4/compound.ts';
import { NFS_V4, NFS4_PROGRAM, NFSPROC4_COMPOUND } from '../../../src/nfs4/constants.ts';
import { putRootFh } from '../../../src/nfs4/operations/put-root-fh.ts';
import { reclaimComplete } from '../../../src/nfs4/operations/reclaim-complete.ts';
import { Passage } from '../../../src/relay/passage.ts';
import { RuleBook } from '../../../src/relay/rule-book.ts';
import { Traffic } from '../../../src/relay/traffic.ts';
import { encodeCall } from '../../../src/rpc/call.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { XdrWriter } from '../../../src/xdr/writer.ts';

const ALICE = '10.77.1.1';

function compoundCall(xid: number, ...ops: Parameters<typeof encodeCompound>[1]['ops'][number][]): Buffer {
  const w = new XdrWriter();
  const head = { program: NFS4_PROGRAM, version: NFS_V4, procedure: NFSPROC4_COMPOUND };
  encodeCall(w, { xid, ...head, credential: { kind: 'none' } });
  encodeCompound(w, { minorVersion: 1, ops });
  return Buffer.from(w.copy());
}

/** Type 1 is a reply, 0 a call (RFC 5531 section 9). */
function header(xid: number, type: 0 | 1): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(xid, 0);
  bytes.writeUInt32BE(type, 4);
  return bytes;
}

t.test('a request is known by its operations, and its reply by the request', async (t) => {
  const traffic = new Traffic();
  const request = compoundCall(
    7,
    call(putRootFh, undefined as never),
    call(reclaimComplete, { oneFs: false }),
  );
  t.strictSame(traffic.fromClient(request), {
    direction: 'call',
    operations: ['PUTROOTFH', 'RECLAIM_COMPLETE'],
  });
  t.strictSame(traffic.fromServer(header(7, 1)), {
    direction: 'reply',
    operations: ['PUTROOTFH', 'RECLAIM_COMPLETE'],
  });
  t.equal(traffic.fromServer(header(7, 1)), null, 'once');
});

t.test('what is no message of the fore channel is nobody’s business', async (t) => {
  const traffic = new Traffic();
  t.equal(traffic.fromServer(header(1, 0)), null, 'a callback');
  t.equal(traffic.fromClient(header(1, 1)), null, 'and the answer to it');
  t.equal(traffic.fromServer(Buffer.alloc(3)), null);
  t.strictSame(traffic.fromClient(header(2, 0)), { direction: 'call', operations: [] }, 'a broken call');
});

const rule = (over: Partial<MessageRule>): MessageRule => ({
  direction: 'reply',
  operation: 'LOCK',
  nth: 1,
  times: 1,
  peer: null,
  act: { kind: 'drop' },
  ...over,
});
const lockReply = { direction: 'reply', operations: ['SEQUENCE', 'PUTFH', 'LOCK'] } as const;

t.test('a rule acts on the nth of its messages, and on so many', async (t) => {
  const book = new RuleBook();
  book.add(5, rule({ nth: 2, times: 2 }));
  const judge = () => book.judge(lockReply, ALICE)?.what ?? null;
  t.equal(book.judge({ ...lockReply, direction: 'call' }, ALICE), null);
  t.equal(book.judge({ ...lockReply, operations: ['SEQUENCE'] }, ALICE), null);
  t.strictSame(
    [judge(), judge(), judge(), judge()],
    [null, `drop the reply to LOCK 2 of ${ALICE}`, `drop the reply to LOCK 3 of ${ALICE}`, null],
  );
});

t.test('a rule may be about one client, and ends when it is removed', async (t) => {
  const book = new RuleBook();
  book.add(1, rule({ peer: ALICE, times: 10 }));
  t.equal(book.judge(lockReply, '10.77.1.2'), null);
  t.match(book.judge(lockReply, ALICE), { id: 1 });
  book.remove(1);
  t.equal(book.judge(lockReply, ALICE), null);
});

function passage() {
  const log: string[] = [];
  const clock = new VirtualClock();
  const sent = new Passage({
    clock,
    send: (record) => void log.push(record.toString()),
    reset: () => void log.push('reset'),
  });
  return {
    log,
    clock,
    pass: (text: string, act: MessageAct | null = null) => sent.pass(Buffer.from(text), act),
  };
}

t.test('messages are dropped, doubled, delayed, overtaken, and answered with a reset', async (t) => {
  const { log, clock, pass } = passage();
  pass('a', { kind: 'drop' });
  pass('b', { kind: 'duplicate' });
  pass('c', { kind: 'delay', delayMs: 10 });
  pass('d');
  t.strictSame(log.splice(0), ['b', 'b', 'd']);
  await clock.advance(10);
  t.strictSame(log.splice(0), ['c']);
  pass('e', { kind: 'reorder', patienceMs: 100 });
  pass('f');
  t.strictSame(log.splice(0), ['f', 'e']);
  pass('g', { kind: 'reorder', patienceMs: 100 });
  await clock.advance(100);
  t.strictSame(log.splice(0), ['g'], 'nothing came that could overtake it');
  pass('h', { kind: 'reset' });
  t.strictSame(log, ['reset']);
});

t.test('of several rules that are due the first one acts, and each has counted', async (t) => {
  const book = new RuleBook();
  book.add(1, rule({}));
  book.add(2, rule({ nth: 2, act: { kind: 'duplicate' } }));
  book.add(3, rule({ act: { kind: 'reset' } }));
  t.match(book.judge(lockReply, ALICE), { id: 1 });
  t.match(book.judge(lockReply, ALICE), { id: 2 });
  t.equal(book.judge(lockReply, ALICE), null);
});

t.test('requests that are never answered are forgotten, the oldest first', async (t) => {
  const traffic = new Traffic();
  for (let xid = 0; xid <= 4096; xid++) traffic.fromClient(header(xid, 0));
  t.equal(traffic.fromServer(header(0, 1)), null);
  t.match(traffic.fromServer(header(1, 1)), { direction: 'reply' });
});

t.test('what was overtaken takes its patience with it', async (t) => {
  const { log, clock, pass } = passage();
  pass('a', { kind: 'reorder', patienceMs: 100 });
  await clock.advance(60);
  pass('b');
  pass('c', { kind: 'reorder', patienceMs: 100 });
  await clock.advance(60);
  t.strictSame(log.splice(0), ['b', 'a'], 'c still waits');
  await clock.advance(40);
  t.strictSame(log, ['c']);
});
