/** A repair, from the first look at the ledger to its outcome, with a person who says yes or no in between. */
import { isDeepStrictEqual } from 'node:util';
import type { NodeId } from '../../core/ids.ts';
import type { Repair } from '../../scenario/scenario.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Advice } from './advice.ts';
import { isFulfilled, UncertainRepairError } from './attempt.ts';
import { changesBetween } from './changes.ts';
import type { LedgerDesk } from './desk.ts';
import { refusalWords } from './refusal-words.ts';
import { planRepair, type RepairPlan } from './repair-plan.ts';
import type { LedgerSight } from './sight.ts';

export interface RepairDialogue {
  readonly desk: LedgerDesk;
  readonly advice: Advice;
  /** What the repair does and to whom; shown before anything is asked. `meanwhile`: what has changed since the last time. */
  tell(sentences: readonly string[], meanwhile?: string): void;
  /** Does the person type the node's name? Null where there is nobody to ask. */
  readonly confirm: ((node: NodeId) => Promise<boolean>) | null;
  /** They have said yes beforehand. */
  readonly yes: boolean;
}

export interface RepairDone {
  readonly plan: RepairPlan;
  /** False: somebody else did what was wanted, or nobody can say who. */
  readonly byUs: boolean;
  readonly sentence: string;
  readonly view: number;
  readonly inGrace: boolean;
}

/** A ledger that changes each time between look and swap: so often that nobody would still read what has changed. */
const MOST_TRIES = 20;

/** @throws {Refusal} when nothing was done, with the reason and the remedy; or when nobody knows */
export async function repairLedger(
  repair: Repair,
  node: NodeId,
  dialogue: RepairDialogue,
): Promise<RepairDone> {
  const { desk, advice } = dialogue;
  let sight = await desk.look();
  let plan = planOrRefuse(sight, repair, node, advice);
  dialogue.tell(plan.sentences);
  await agree(plan, dialogue);
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    const { revision } = sight;
    const outcome = await attempt(dialogue, plan, revision);
    switch (outcome.outcome) {
      case 'done':
        return done(plan, outcome.answered, outcome.ledger);
      case 'overtaken':
        if (outcome.holds) return already(plan, (await desk.look()).ledger);
        break;
      case 'changed':
        break;
      case 'not-done':
        throw cannot(
          'the store did not answer the change, and shows now that nothing was changed; type it again.',
        );
      case 'not-fenced':
        throw cannot(
          `nothing was changed, since nobody knows whether ${node} is gone: ${outcome.reason.replace(/\.?$/, '.')}`,
        );
      case 'refused':
        throw new Refusal(EXIT.wrongUsage, refusalWords(outcome.refusal, { repair, node, sight, advice }));
    }
    const before = plan;
    sight = await desk.look();
    if (isFulfilled(sight.ledger, before.before, before)) return already(before, sight.ledger);
    plan = await agreeAnew(before, sight, dialogue);
  }
  throw cannot(`nothing was changed, since the ledger changes all the time; why it does says ${advice.why}.`);
}

async function attempt({ desk, advice }: RepairDialogue, plan: RepairPlan, revision: number) {
  const { repair, node, proof } = plan;
  try {
    return await desk.attempt({ repair, node, revision, proof });
  } catch (error) {
    if (!(error instanceof UncertainRepairError)) throw error;
    throw cannot(
      `the store did not say whether the change was made, and does not answer now (${error.message}); look with ${advice.why} when it answers again, and type it again if it was not.`,
    );
  }
}

function planOrRefuse(
  sight: LedgerSight,
  repair: Repair,
  node: NodeId,
  advice: Advice,
  prefix = '',
): RepairPlan {
  const planned = planRepair(sight, repair, node, advice);
  if (!planned.possible) throw new Refusal(EXIT.wrongUsage, `${prefix}${planned.sentence}`);
  return planned.plan;
}

async function agree({ node }: RepairPlan, { yes, confirm }: RepairDialogue): Promise<void> {
  if (yes) return;
  if (confirm === null)
    throw new Refusal(
      EXIT.wrongUsage,
      'nothing was changed: there is no terminal to ask on; add --yes when that is what you want.',
    );
  if (!(await confirm(node)))
    throw new Refusal(EXIT.wrongUsage, `nothing was changed: that was not "${node}".`);
}

/** Somebody else wrote first. What the person agreed to is done to another ledger only when it comes to the same. */
async function agreeAnew(
  before: RepairPlan,
  sight: LedgerSight,
  dialogue: RepairDialogue,
): Promise<RepairPlan> {
  const { repair, node } = before;
  const changes = changesBetween(before.before, sight.ledger);
  const what = changes.length === 0 ? `what can be seen of ${node}` : 'the ledger';
  const meanwhile = `Meanwhile ${what} has changed, and nothing was done yet. ${changes.join(' ')}`.trim();
  const plan = planOrRefuse(sight, repair, node, dialogue.advice, `${meanwhile.replace(/^M/, 'm')} Now `);
  const same = sameConsequences(before, plan);
  if (same && dialogue.yes) return plan;
  dialogue.tell(plan.sentences, meanwhile);
  if (dialogue.yes)
    throw new Refusal(
      EXIT.wrongUsage,
      'nothing was changed: it would do something else now than it said; type it again if that is what you want.',
    );
  await agree(plan, dialogue);
  return plan;
}

/** Numbers of views differ and mean nothing to anybody. */
const sameConsequences = (one: RepairPlan, other: RepairPlan): boolean =>
  one.proof === other.proof && wordsOf(one) === wordsOf(other) && isDeepStrictEqual(one.losers, other.losers);

const wordsOf = ({ sentences }: RepairPlan): string => sentences.join('\n').replaceAll(/view \d+/g, 'view');

const cannot = (sentence: string): Refusal => new Refusal(EXIT.machineCannot, sentence);

const DONE: Readonly<Record<Repair, string>> = {
  admit: 'is a member',
  retire: 'is no member any more',
  'declare-dead': 'is written down as dead',
  abandon: 'is waited for no longer, nor are its clients',
};

function done(plan: RepairPlan, answered: boolean, ledger: RepairPlan['after']): RepairDone {
  const how = answered ? '' : '; the store had not answered at first, and shows it now';
  return {
    ...outcomeOf(plan, ledger),
    byUs: true,
    sentence: `${plan.node} ${DONE[plan.repair]} (view ${ledger.view}${how}).`,
  };
}

function already(plan: RepairPlan, ledger: RepairPlan['after']): RepairDone {
  const sentence = `${plan.node} ${DONE[plan.repair]} (view ${ledger.view}); the ledger says so meanwhile, by whosever doing.`;
  return { ...outcomeOf(plan, ledger), byUs: false, sentence };
}

const outcomeOf = (plan: RepairPlan, { view, recoveryEpoch }: RepairPlan['after']) => ({
  plan,
  view,
  inGrace: recoveryEpoch !== null,
});
