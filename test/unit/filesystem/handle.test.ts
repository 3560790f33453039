import fc from 'fast-check';
import t from 'tap';
import {
  domainConstant,
  type FileIdentity,
  keyOf,
  MAX_IDENTITY_BYTES,
  openHandle,
  sealHandle,
} from '../../../src/server/filesystem/handle.ts';
import { KEY } from './fixtures/scratch.ts';

const identities: fc.Arbitrary<FileIdentity> = fc.record({
  form: fc.constantFrom('kernel', 'identifier', 'inode'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: MAX_IDENTITY_BYTES }).map((bytes) => Buffer.from(bytes)),
});

t.test('a handle of any form comes back as the identity it was made from, in NFS4_FHSIZE bytes', (t) => {
  fc.assert(
    fc.property(identities, (identity) => {
      const handle = sealHandle(identity, KEY);
      t.ok(handle.length <= 128);
      const opened = openHandle(handle, KEY);
      t.equal(opened?.form, identity.form);
      t.ok(opened?.bytes.equals(identity.bytes));
    }),
  );
  t.end();
});

t.test('a handle that was altered in any bit, cut or lengthened opens nothing', (t) => {
  fc.assert(
    fc.property(identities, fc.nat(), fc.nat(7), (identity, at, bit) => {
      const handle = sealHandle(identity, KEY);
      const index = at % handle.length;
      const altered = Buffer.from(handle);
      altered.writeUInt8(handle.readUInt8(index) ^ (1 << bit), index);
      t.equal(openHandle(altered, KEY), null);
      t.equal(openHandle(handle.subarray(0, index), KEY), null);
      t.equal(openHandle(Buffer.concat([handle, Buffer.alloc(1)]), KEY), null);
    }),
  );
  t.end();
});

t.test('a handle of another domain opens nothing', (t) => {
  const identity: FileIdentity = { form: 'kernel', bytes: Buffer.from('identity') };
  t.equal(openHandle(sealHandle(identity, Buffer.alloc(32, 1)), KEY), null);
  t.end();
});

t.test('keys are equal for equal identities only', (t) => {
  fc.assert(
    fc.property(identities, identities, (a, b) => {
      t.equal(keyOf(a) === keyOf(b), a.form === b.form && a.bytes.equals(b.bytes));
      t.equal(keyOf(a), keyOf({ form: a.form, bytes: Buffer.from(a.bytes) }));
    }),
  );
  t.end();
});

t.test('domain constants differ by purpose and by key', (t) => {
  t.strictSame(domainConstant('fsid', KEY), domainConstant('fsid', KEY));
  t.notSame(domainConstant('fsid', KEY), domainConstant('cookie verifier', KEY));
  t.notSame(domainConstant('fsid', KEY), domainConstant('fsid', Buffer.alloc(32)));
  t.end();
});
