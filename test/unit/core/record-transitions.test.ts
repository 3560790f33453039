import t from 'tap';
import type { ClientRecord } from '../../../src/core/client-record.ts';
import { asIncarnation } from '../../../src/core/ids.ts';
import { entitles, type RecordCommand, recordTransition } from '../../../src/core/record-transitions.ts';

const alice = { ownerId: 'a11ce0', principal: 'sys:1@a' };
const stranger = { ownerId: 'a11ce0', principal: 'sys:2@b' };
const life = asIncarnation(3);

const must = (record: ClientRecord | null, command: RecordCommand): ClientRecord | null => {
  const result = recordTransition(record, command);
  if (!result.ok) throw new Error(`${command.type} was refused: ${result.refusal}`);
  return result.record;
};
const refusalOf = (record: ClientRecord | null, command: RecordCommand): string | null => {
  const result = recordTransition(record, command);
  return result.ok ? null : result.refusal;
};
const complete: RecordCommand = { type: 'complete', client: alice, incarnation: life };
const revoke = (because: 'expired' | 'reclaim-incomplete'): RecordCommand => ({
  type: 'revoke',
  client: alice,
  incarnation: life,
  because,
});

t.test(
  'row 19: a client that completed may reclaim; one that lost what it had may not, until it completes anew',
  async (t) => {
    const recorded = must(null, complete)!;
    t.ok(entitles(recorded));
    const expired = must(recorded, revoke('expired'))!;
    t.match(expired, { revoked: true, reclaimIncomplete: false });
    t.notOk(entitles(expired));
    t.ok(entitles(must(expired, complete)!));
  },
);

t.test('row 19: a chance to reclaim that ended is remembered where nothing was recorded yet', async (t) => {
  const late = must(null, revoke('reclaim-incomplete'))!;
  t.match(late, { ...alice, incarnation: life, revoked: false, reclaimIncomplete: true });
  t.notOk(entitles(late));
  t.equal(refusalOf(late, revoke('expired')), 'already-revoked', 'the first reason stays');
});

t.test('row 26: another principal with the same owner id changes nothing', async (t) => {
  const recorded = must(null, complete);
  for (const command of [
    { ...complete, client: stranger },
    { ...revoke('expired'), client: stranger },
    { type: 'forget', client: stranger },
  ] as RecordCommand[])
    t.equal(refusalOf(recorded, command), 'other-client', command.type);
});

t.test('D8: a former life does not write over what a later one wrote', async (t) => {
  const recorded = must(null, complete);
  const former = asIncarnation(life - 1);
  t.equal(refusalOf(recorded, { ...complete, incarnation: former } as RecordCommand), 'older-life');
  t.equal(refusalOf(recorded, { ...revoke('expired'), incarnation: former } as RecordCommand), 'older-life');
});

t.test('forgetting leaves nothing', async (t) => {
  t.equal(must(must(null, complete), { type: 'forget', client: alice }), null);
  t.equal(refusalOf(null, { type: 'forget', client: alice }), 'not-recorded');
});
