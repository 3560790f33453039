import fc from 'fast-check';
import t from 'tap';
import { ContactList, lapsesAt } from '../../../src/check/contacts.ts';

/** Sent, answered: some answers come much later than the next request is sent. */
const contacts = fc
  .array(fc.tuple(fc.nat(5000), fc.nat(400)), { maxLength: 300, size: 'max' })
  .map((pairs) =>
    pairs.map(([sentAt, tookMs]) => ({ sentAt, t: sentAt + tookMs })).toSorted((a, b) => a.t - b.t),
  );

function listOf(all: readonly { readonly sentAt: number; readonly t: number }[]): ContactList {
  const list = new ContactList();
  for (const { sentAt, t: at } of all) list.add(sentAt, at);
  return list;
}

t.test('contacts are kept as they came, and found by when they were answered', async (t) => {
  const property = fc.property(contacts, fc.nat(6000), (all, moment) => {
    const list = listOf(all);
    const found = all.findIndex((contact) => contact.t > moment);
    return (
      list.length === all.length &&
      all.every((contact, at) => list.at(at).t === contact.t && list.at(at).sentAt === contact.sentAt) &&
      list.firstAfter(moment) === (found < 0 ? all.length : found)
    );
  });
  t.doesNotThrow(() => fc.assert(property));
});

t.test('a lease lapses at the first silence that is longer than it', async (t) => {
  const list = listOf([
    { sentAt: 100, t: 110 },
    { sentAt: 900, t: 1050 },
    { sentAt: 2500, t: 2501 },
  ]);
  t.equal(lapsesAt(list, 100, 5000, 1000, []), 1900);
  t.equal(lapsesAt(list, 100, 1800, 1000, []), Number.POSITIVE_INFINITY, 'it had not yet');
  t.equal(
    lapsesAt(list, 100, 5000, 1000, [{ from: 1500, to: 2300 }]),
    3500,
    'what is excused does not count',
  );
});
