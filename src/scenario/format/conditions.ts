import { type Condition, NODE_CONDITIONS } from '../scenario.ts';
import { suggestion } from './nearest.ts';
import { parsePause, phrase, type Refusal } from './words.ts';

const OF_CLUSTER = ['grace', 'barrier', 'lift'] as const;
const OF_CLIENTS = ['recovered', 'reclaiming', 'refused', 'granted'] as const;

/** What `wait` understands, for messages and for suggestions. */
export const CONDITION_WORDS: readonly string[] = [...OF_CLUSTER, ...NODE_CONDITIONS, ...OF_CLIENTS];

const isOneOf = <T extends string>(list: readonly T[], word: string): word is T => list.includes(word as T);

/**
 * `500ms`, `100ms..400ms`; `grace`, `barrier`, `lift`; `up NODE...`, `fenced NODE...` and the others of {@link NODE_CONDITIONS};
 * `recovered CLIENT...`, `reclaiming CLIENT...`, `refused CLIENT...`, `granted CLIENT...`.
 */
export function parseCondition(text: string): Condition | Refusal {
  const [word = '', ...rest] = text.trim().split(/\s+/);
  if (isOneOf(OF_CLUSTER, word))
    return rest.length === 0
      ? { what: word }
      : { refused: `"${word}" stands alone; take "${rest.join(' ')}" away` };
  const needed = (example: string): Refusal => ({
    refused: `"${word}" needs a name; write it like "${word} ${example}"`,
  });
  if (isOneOf(NODE_CONDITIONS, word)) return rest.length === 0 ? needed('n1') : { what: word, nodes: rest };
  if (isOneOf(OF_CLIENTS, word)) return rest.length === 0 ? needed('alice') : { what: word, clients: rest };
  if (/^\d/.test(word)) {
    const pause = parsePause(text);
    return 'refused' in pause ? pause : { what: 'time', ...pause };
  }
  return {
    refused: `nothing to wait for is called "${word}"${suggestion(word, ['a duration', ...CONDITION_WORDS])}`,
  };
}

export const condition = phrase(
  `write what to wait for: a duration, or ${CONDITION_WORDS.join(', ')}`,
  parseCondition,
).meta({
  description:
    'A duration, or two with .. between them; grace, barrier, lift; "up NODE", "armed NODE", "inherited NODE", "fenced NODE", "outage NODE", "resumed NODE", "gave-up NODE"; "recovered CLIENT", "reclaiming CLIENT", "refused CLIENT", "granted CLIENT"',
  pattern: `^(\\d+(\\.\\d+)?(ms|s|m)(\\.\\.\\d+(\\.\\d+)?(ms|s|m))?|${OF_CLUSTER.join('|')}|(${[...NODE_CONDITIONS, ...OF_CLIENTS].join('|')})(\\s+[a-z][a-z0-9-]*)+)$`,
});
