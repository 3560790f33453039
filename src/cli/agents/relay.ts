/**
 * The relay of a node: a program beside its server, in the same container, that all connections from outside go through. It passes RPC messages on
 * as they are, but for those that a rule is about. Rules come as JSON lines on stdin; what was done goes out on stdout. It ends with its stdin.
 */

import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { MessageRule } from '../../core/message-rule.ts';
import { Passage } from '../../relay/passage.ts';
import { RuleBook } from '../../relay/rule-book.ts';
import { type Message, Traffic } from '../../relay/traffic.ts';
import { RecordReader } from '../../rpc/record-marking.ts';
import { systemClock } from './surroundings.ts';

/** More than any message of ours; what is larger ends its connection. */
const MOST_RECORD_BYTES = 8 << 20;
/** Unsent bytes before the other side is not read any more. */
const MOST_UNSENT_BYTES = 4 << 20;
const LAST_FRAGMENT = 0x8000_0000;

interface Order {
  readonly listen?: number;
  readonly serverPort?: number;
  readonly add?: number;
  readonly rule?: MessageRule;
  readonly remove?: number;
}

const rules = new RuleBook();
const say = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

function sendRecord(socket: Socket, record: Buffer): void {
  if (!socket.writable) return;
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE((record.length | LAST_FRAGMENT) >>> 0);
  socket.cork();
  socket.write(mark);
  socket.write(record);
  socket.uncork();
}

/** Carries what comes from one side to the other. */
function carry(
  from: Socket,
  to: Socket,
  peer: string,
  meaning: (record: Buffer) => Message | null,
  reset: () => void,
): void {
  const reader = new RecordReader(MOST_RECORD_BYTES);
  const passage = new Passage({ clock: systemClock, send: (record) => sendRecord(to, record), reset });
  from.on('data', (chunk: Buffer) => {
    try {
      for (const record of reader.push(chunk)) {
        const message = meaning(record);
        const judgement = message === null ? null : rules.judge(message, peer);
        if (judgement !== null) say({ acted: judgement.id, what: judgement.what });
        passage.pass(record, judgement?.act ?? null);
      }
    } catch {
      reset();
    }
    if (to.writableLength > MOST_UNSENT_BYTES) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
  from.on('end', () => to.end());
  from.on('error', () => to.resetAndDestroy());
}

function relay(client: Socket, serverPort: number): void {
  const peer = (client.remoteAddress ?? '').replace(/^::ffff:/, '');
  // At the address that was dialled: a server with several service addresses goes by it.
  const upstream = connect({ host: client.localAddress ?? '127.0.0.1', port: serverPort, noDelay: true });
  const traffic = new Traffic();
  const reset = () => {
    client.resetAndDestroy();
    upstream.resetAndDestroy();
  };
  carry(client, upstream, peer, (record) => traffic.fromClient(record), reset);
  carry(upstream, client, peer, (record) => traffic.fromServer(record), reset);
}

function obey({ listen, serverPort, add, rule, remove }: Order): void {
  if (add !== undefined && rule !== undefined) rules.add(add, rule);
  if (remove !== undefined) rules.remove(remove);
  if (listen !== undefined && serverPort !== undefined)
    createServer({ noDelay: true, allowHalfOpen: true }, (client) => relay(client, serverPort)).listen(
      { port: listen, host: '0.0.0.0' },
      () => say({ ready: true }),
    );
}

const orders = createInterface({ input: process.stdin });
orders.on('line', (line) => obey(JSON.parse(line) as Order));
orders.on('close', () => process.exit(0));
