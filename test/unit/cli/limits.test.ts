import t from 'tap';
import { affordable, limit, limitArguments } from '../../../src/cli/serve/limits.ts';
import { DEFAULT_LIMITS } from '../../../src/server/limits.ts';

t.test('limits as they are typed', (t) => {
  t.same(limit('sessionsPerClient=3', limit('connections=7')), { connections: 7, sessionsPerClient: 3 });
  t.same(limitArguments({ connections: 7, sessionsPerClient: 3 }), [
    ...['--limit', 'connections=7'],
    ...['--limit', 'sessionsPerClient=3'],
  ]);
  for (const wrong of ['', 'connection', 'nothing=1', '__proto__=1', '=1'])
    t.throws(() => limit(wrong), /It must be NAME=N, and NAME one of connections, /, wrong);
  for (const n of ['', '0', '-1', '1.5', '1e3', '1=2', ' 1'])
    t.throws(() => limit(`connections=${n}`), /It must be connections=N, and N a whole number from 1 on/, n);
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
