import t from 'tap';
import { affordable, limit, limitArguments } from '../../../src/cli/serve/limits.ts';
import { DEFAULT_LIMITS } from '../../../src/server/limits.ts';

t.test('limits as they are typed', (t) => {
  t.same(limit('sessionsPerClient=3', limit('connections=7')), { connections: 7, sessionsPerClient: 3 });
  t.same(limitArguments({ connections: 7, sessionsPerClient: 3 }), [
    ...['--limit', 'connections=7'],
    ...['--limit', 'sessionsPerClient=3'],
  ]);
  for (const wrong of [
    '',
    'connections',
    'connections=',
    'connections=0',
    'connections=-1',
    'connections=1.5',
    'nothing=1',
    '__proto__=1',
    'connections=1e3',
  ])
    t.throws(() => limit(wrong), /It must be NAME=N, a name of connections, /, wrong);
  t.end();
});

t.test('not more state than descriptors, unless somebody says so', (t) => {
  t.equal(affordable({}, 20_000).stateids, 20_000 - 1024 - DEFAULT_LIMITS.connections);
  t.equal(affordable({ connections: 10_000 }, 20_000).stateids, 20_000 - 1024 - 10_000);
  t.equal(affordable({}, Number.MAX_SAFE_INTEGER).stateids, DEFAULT_LIMITS.stateids);
  t.equal(
    affordable({}, 100).stateids,
    256,
    'a server that may have hardly any serves somebody all the same',
  );
  t.same(affordable({ stateids: 5, clients: 2 }, 20_000), { stateids: 5, clients: 2 });
  t.ok((affordable({}).stateids ?? 0) > 0);
  t.end();
});
