/** Usage: count-transactions FILE. Prints how many transactions have changed that SQLite store. */
import { transactionCount } from '../../../../src/store/transaction-count.ts';
import { realClock } from '../fixtures/real-clock.ts';

process.stdout.write(String(await transactionCount({ kind: 'sqlite', path: process.argv[2]! }, realClock)));
