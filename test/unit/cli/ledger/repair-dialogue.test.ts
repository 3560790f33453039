import t from 'tap';
import { EXIT, type Refusal } from '../../../../src/cli/exit-status.ts';
import { attemptRepair } from '../../../../src/cli/ledger/attempt.ts';
import type { LedgerDesk } from '../../../../src/cli/ledger/desk.ts';
import { type DomainDesk, lookAt } from '../../../../src/cli/ledger/looking.ts';
import { repairLedger } from '../../../../src/cli/ledger/repair-dialogue.ts';
import { asIncarnation } from '../../../../src/core/ids.ts';
import { memberOf } from '../../../../src/core/ledger.ts';
import {
  ADVICE,
  admitted,
  barrier,
  boot,
  deskAt,
  dies,
  must,
  N1,
  N2,
  N3,
  N4,
  quiet,
} from './fixtures/ledgers.ts';

/** A person who looks, and says yes or no; what they were shown is kept. */
function person(
  desk: DomainDesk,
  { yes = false, says = [] as boolean[], beforeAttempt = async () => {} } = {},
) {
  const told: string[] = [];
  const asked: string[] = [];
  const ledgerDesk: LedgerDesk = {
    look: () => lookAt(desk),
    async attempt(agreed) {
      await beforeAttempt();
      return attemptRepair(desk, agreed);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const dialogue = {
    desk: ledgerDesk,
    advice: ADVICE,
    tell: (sentences: readonly string[], meanwhile?: string) =>
      void told.push([...(meanwhile === undefined ? [] : [meanwhile]), ...sentences].join(' ')),
    confirm: async (node: string) => {
      asked.push(node);
      return says[asked.length - 1] ?? false;
    },
    yes,
  };
  return { dialogue, told, asked };
}

const grace = barrier(dies(quiet(), N1, N2));
/** Once, before the first attempt. */
const once = (doing: () => Promise<unknown>) => {
  let done = false;
  return async () => {
    if (done) return;
    done = true;
    await doing();
  };
};
const refusal = (status: number, message: RegExp) => ({ status, message }) as unknown as Refusal;

t.test('what it does is told before it is asked, and done when the name was typed', async (t) => {
  const { desk, store } = await deskAt(grace);
  const { dialogue, told, asked } = person(desk, { says: [true] });
  t.match(await repairLedger('abandon', N1, dialogue), {
    byUs: true,
    inGrace: false,
    sentence: /^n1 is waited for no longer/,
  });
  t.match(told, [/Nobody waits any longer for the clients of n1.*Grace ends with it/]);
  t.same(asked, ['n1']);
  t.equal((await store.read())!.ledger.recoveryEpoch, null);
});

t.test('another name, or nobody to ask, and nothing is changed', async (t) => {
  const { desk, store } = await deskAt(grace);
  await t.rejects(
    repairLedger('abandon', N1, person(desk, { says: [false] }).dialogue),
    refusal(EXIT.wrongUsage, /^nothing was changed: that was not "n1"/),
  );
  const alone = { ...person(desk).dialogue, confirm: null };
  await t.rejects(repairLedger('abandon', N1, alone), refusal(EXIT.wrongUsage, /no terminal.*--yes/));
  t.equal((await store.read())!.revision, 1);
});

t.test('a refusal comes before any question', async (t) => {
  const { desk } = await deskAt(quiet());
  const { dialogue, told, asked } = person(desk, { yes: true });
  await t.rejects(
    repairLedger('retire', N1, dialogue),
    refusal(EXIT.wrongUsage, /n1 .* is a serving member/),
  );
  t.same([told, asked], [[], []]);
});

t.test('a lost swap shows what has changed, and asks again', async (t) => {
  const { desk, store, other } = await deskAt(grace);
  const { dialogue, told, asked } = person(desk, {
    says: [true, true],
    beforeAttempt: once(() => other.swap(1, dies(grace, N3, N2))),
  });
  // n3 has died meanwhile, so grace does not end with it any more; n2 has acknowledged already.
  t.match(await repairLedger('abandon', N1, dialogue), { byUs: true, inGrace: true });
  t.same(asked, ['n1', 'n1']);
  t.match(
    told[1],
    /^Meanwhile the ledger has changed, and nothing was done yet\. n3 is down, not up\. Clients of n3 may reclaim\. .* Grace goes on\./,
  );
  t.equal((await store.read())!.ledger.members[N1]!.claims, 'closed');
});

t.test(
  'with --yes, a change that comes to the same is no reason to stop; one that does not, is',
  async (t) => {
    const same = await deskAt(grace);
    const harmless = person(same.desk, {
      yes: true,
      beforeAttempt: once(() => same.other.swap(1, admitted(grace, 'n5'))),
    });
    t.match(await repairLedger('abandon', N1, harmless.dialogue), { byUs: true });
    const { desk, store, other } = await deskAt(grace);
    const { dialogue, asked } = person(desk, {
      yes: true,
      beforeAttempt: once(() => other.swap(1, dies(grace, N3, N2))),
    });
    await t.rejects(
      repairLedger('abandon', N1, dialogue),
      refusal(EXIT.wrongUsage, /^nothing was changed: it would do something else now/),
    );
    t.same(asked, []);
    t.equal((await store.read())!.revision, 2);
  },
);

t.test('what the rules refuse after a change is refused, with what has changed', async (t) => {
  const { desk, other } = await deskAt(grace);
  const { dialogue } = person(desk, { yes: true, beforeAttempt: once(() => other.swap(1, boot(grace, N1))) });
  await t.rejects(
    repairLedger('abandon', N1, dialogue),
    refusal(
      EXIT.wrongUsage,
      /^meanwhile the ledger has changed, and nothing was done yet\. n1 has begun life 2\..* Now n1 \(life 2\) is up/,
    ),
  );
});

t.test('what somebody else did meanwhile is not done twice', async (t) => {
  const { desk, store, other } = await deskAt(grace);
  const theirs = must(grace, { type: 'abandon', dead: N1, operator: true });
  const { dialogue } = person(desk, { says: [true], beforeAttempt: once(() => other.swap(1, theirs)) });
  t.match(await repairLedger('abandon', N1, dialogue), {
    byUs: false,
    sentence: /the ledger says so meanwhile/,
  });
  t.equal((await store.read())!.revision, 2);
});

t.test('an answer that is lost: it is said which it was', async (t) => {
  const done = await deskAt(grace);
  done.store.losesNextAnswer = true;
  t.match(await repairLedger('abandon', N1, person(done.desk, { yes: true }).dialogue), {
    sentence: /the store had not answered at first, and shows it now/,
  });
  const not = await deskAt(grace);
  not.store.swap = async () => ({ outcome: 'unknown' });
  await t.rejects(
    repairLedger('abandon', N1, person(not.desk, { yes: true }).dialogue),
    refusal(EXIT.machineCannot, /shows now that nothing was changed/),
  );
  const silent = await deskAt(grace);
  silent.store.swap = async () => {
    silent.store.available = false;
    return { outcome: 'unknown' };
  };
  await t.rejects(
    repairLedger('abandon', N1, person(silent.desk, { yes: true }).dialogue),
    refusal(EXIT.machineCannot, /did not say whether the change was made/),
  );
});

t.test('an answer that is lost, and the ledger has gone on: asked again when it was not done', async (t) => {
  const { desk, store, other } = await deskAt(quiet());
  const swap = store.swap.bind(store);
  store.swap = async () => {
    store.swap = swap;
    await other.swap(1, admitted(quiet(), 'n5'));
    return { outcome: 'unknown' };
  };
  const { dialogue, asked } = person(desk, { says: [true, true] });
  t.match(await repairLedger('admit', N4, dialogue), { byUs: true });
  t.same(asked, ['n4', 'n4']);
  t.ok(memberOf((await store.read())!.ledger, N4));
});

t.test('a fencer that does not know: nothing is changed, and why', async (t) => {
  const { desk, store } = await deskAt(quiet(false), {
    fencer: 'command',
    outcome: { outcome: 'failed', reason: 'the switch says on' },
  });
  await t.rejects(
    repairLedger('declare-dead', N1, person(desk, { yes: true }).dialogue),
    refusal(
      EXIT.machineCannot,
      /^nothing was changed, since nobody knows whether n1 is gone: the switch says on\.$/,
    ),
  );
  t.equal((await store.read())!.revision, 1);
});

t.test('a ledger that changes all the time ends the patience, and not the reason', async (t) => {
  const { desk, other } = await deskAt(quiet());
  let ledger = quiet();
  const { dialogue } = person(desk, {
    yes: true,
    beforeAttempt: async () => {
      const { revision } = (await other.read())!;
      ledger = must(ledger, {
        type: 'boot',
        node: N2,
        incarnation: asIncarnation(ledger.members[N2]!.incarnation + 1),
      });
      await other.swap(revision, ledger);
    },
  });
  await t.rejects(
    repairLedger('admit', N4, dialogue),
    refusal(EXIT.wrongUsage, /it would do something else now/),
  );
});
