import { Command } from 'commander';
import { asNodeId } from '../../core/ids.ts';
import { REPAIRS, type Repair } from '../../scenario/scenario.ts';
import { systemClock } from '../agents/surroundings.ts';
import { EXIT, Refusal } from '../exit-status.ts';
import type { Frame } from '../frame.ts';
import type { Advice } from '../ledger/advice.ts';
import type { LedgerDesk } from '../ledger/desk.ts';
import { openForeignLedger } from '../ledger/foreign-ledger.ts';
import { lookAtLab, openLabDesk, unwrap } from '../ledger/lab-desk.ts';
import { ledgerSentences, ledgerText } from '../ledger/ledger-table.ts';
import {
  type LedgerOptions,
  type PlaceOfLedger,
  placeOfLedger,
  withLedgerOptions,
} from '../ledger/place-of-ledger.ts';
import { type RepairDone, repairLedger } from '../ledger/repair-dialogue.ts';
import type { LedgerSight } from '../ledger/sight.ts';

interface Options extends LedgerOptions {
  readonly yes?: true;
  readonly json?: true;
}

const ABOUT: Readonly<Record<'show' | Repair, string>> = {
  show: 'the ledger in plain words and as a table; this is what is done when nothing is named',
  admit: 'a new member; it is down until it boots',
  retire: 'a member that is down, and whose clients nobody waits for, leaves for good',
  'declare-dead': 'a member is dead, which its beacon or a fencer proves: its clients may reclaim',
  abandon: 'the clients of a dead member are waited for no longer: they lose what they had there',
};

/** `gracelab ledger`: what the nodes have agreed on, and, with care, repairs of it. */
export function ledger(frame: Frame): Command {
  const kinds = Object.entries(ABOUT).map(([name, about]) => `  ${name.padEnd(14)}${about}`);
  return withLedgerOptions(new Command('ledger'))
    .description('what the nodes have agreed on; with care, repairs of it. No node has to be up')
    .argument('[what]', 'what to do; see below', 'show')
    .argument('[node]', 'with a repair: of whom')
    .option('--yes', 'with a repair: do not ask; needed where there is no terminal')
    .option(
      '--fence-command <command>',
      'with declare-dead and --store: a shell command that ends that life for certain; NODE and INCARNATION are put behind it',
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', ['\nWhat to do:', ...kinds].join('\n'))
    .action(async (what: string, node: string | undefined, options: Options) => {
      if (what === 'show') return show(node, options, frame);
      if (!isRepair(what)) throw wrong(`there is no "${what}"; there are ${Object.keys(ABOUT).join(', ')}.`);
      if (node === undefined) throw wrong(`whom? Write gracelab ledger ${what} NODE.`);
      if (options.fenceCommand !== undefined && what !== 'declare-dead')
        throw wrong('--fence-command goes with declare-dead; nobody is ended for anything else.');
      return repair(what, node, options, frame);
    });
}

const isRepair = (what: string): what is Repair => (REPAIRS as readonly string[]).includes(what);

const wrong = (sentence: string): Refusal => new Refusal(EXIT.wrongUsage, sentence);

async function show(node: string | undefined, options: Options, frame: Frame): Promise<void> {
  if (node !== undefined) throw wrong(`the ledger is shown as a whole: leave out "${node}".`);
  if (options.yes || options.fenceCommand !== undefined)
    throw wrong('--yes and --fence-command go with a repair; to look changes nothing.');
  const place = placeOfLedger(options, frame);
  const sights = await look(place, frame);
  const { terminal } = frame;
  const lab = place.kind === 'lab' ? place.place.name : null;
  const ledgers = sights.map((sight) => ({ ...sight, sentences: ledgerSentences(sight) }));
  if (options.json) terminal.result(JSON.stringify({ ledgers }, null, 2));
  else terminal.result(sights.map((sight) => ledgerText(sight, lab, terminal.colours)).join('\n\n'));
}

async function look(place: PlaceOfLedger, frame: Frame): Promise<LedgerSight[]> {
  if (place.kind === 'lab') {
    const answers = await lookAtLab(place.place, place.domain);
    return answers.map((answer) => unwrap(answer.look));
  }
  await using desk = await openForeignLedger(place.foreign, { clock: systemClock, env: frame.env });
  return [await desk.look()];
}

async function repair(what: Repair, name: string, options: Options, frame: Frame): Promise<void> {
  const { desk, advice } = await openDesk(options, frame);
  await using _ = desk;
  const { terminal } = frame;
  const done = await repairLedger(what, asNodeId(name), {
    desk,
    advice,
    tell(sentences, meanwhile) {
      if (meanwhile !== undefined) terminal.message(meanwhile);
      terminal.message([`What this does (${what} ${name}):`, ...sentences].join('\n  '));
    },
    confirm: frame.ask === null ? null : (node) => typesName(node, frame.ask!),
    yes: options.yes === true,
  });
  terminal.result(options.json ? JSON.stringify(outcomeOf(done), null, 2) : done.sentence);
}

/** More than a `y`: whoever types the name has read which node it is about. */
async function typesName(node: string, ask: NonNullable<Frame['ask']>): Promise<boolean> {
  const typed = await ask(`Type ${node} to do that: `);
  if (typed === null) throw new Refusal(EXIT.interrupted, 'nothing was changed.');
  return typed.trim() === node;
}

async function openDesk(
  options: Options,
  frame: Frame,
): Promise<{ readonly desk: LedgerDesk; readonly advice: Advice }> {
  const place = placeOfLedger(options, frame);
  if (place.kind === 'foreign') {
    const desk = await openForeignLedger(place.foreign, { clock: systemClock, env: frame.env });
    return { desk, advice: place.advice };
  }
  return { desk: await openLabDesk(place.place, place.domain), advice: place.advice(place.domain) };
}

const outcomeOf = ({ plan, byUs, sentence, view, inGrace }: RepairDone): object => ({
  repair: plan.repair,
  node: plan.node,
  byUs,
  view,
  inGrace,
  lostTheirChance: plan.losers,
  sentence,
});
