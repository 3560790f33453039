import fc from 'fast-check';
import t from 'tap';
import { OPCODES } from '../../../src/gate/fuse/constants.ts';
import { decodeRequest } from '../../../src/gate/fuse/requests.ts';

const NEVER = { seconds: 0n, nseconds: 0 };

/** As a Linux kernel (protocol 7.45) sent them when a program did the obvious thing. */
const SENT: readonly [operation: string, body: object, hex: string][] = [
  [
    'lookup',
    { name: Buffer.from('a') },
    '2a000000010000000a0000000000000001000000000000000000000000000000627b0000000000006100',
  ],
  [
    'forget',
    { lookups: 2n },
    '3000000002000000b6000000000000000500000000000000000000000000000000000000000000000200000000000000',
  ],
  [
    'setattr',
    { valid: 1, fh: 0n, size: 0n, accessTime: NEVER, modifyTime: NEVER, mode: 0o100600, uid: 0, gid: 0 },
    '8000000004000000680000000000000002000000000000000000000000000000627b00000000000001000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000008081000000000000000000000000000000000000',
  ],
  [
    'setattr',
    {
      valid: 0x30,
      fh: 0n,
      size: 0n,
      accessTime: { seconds: 1n, nseconds: 0 },
      modifyTime: { seconds: 2n, nseconds: 0 },
      mode: 0,
      uid: 0,
      gid: 0,
    },
    '80000000040000006e0000000000000002000000000000000000000000000000627b00000000000030000000000000000000000000000000000000000000000000000000000000000100000000000000020000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000',
  ],
  ['readlink', {}, '2800000005000000580000000000000004000000000000000000000000000000627b000000000000'],
  [
    'symlink',
    { name: Buffer.from('s'), target: Buffer.from('c') },
    '2c00000006000000520000000000000001000000000000000000000000000000627b00000000000073006300',
  ],
  [
    'mknod',
    { name: Buffer.from('p'), mode: 0o10644, device: 0 },
    '3a00000008000000ac0000000000000001000000000000000000000000000000627b000000000000a41100000000000012000000000000007000',
  ],
  [
    'mkdir',
    { name: Buffer.from('d'), mode: 0o750 },
    '3200000009000000260000000000000001000000000000000000000000000000627b000000000000e8010000120000006400',
  ],
  [
    'unlink',
    { name: Buffer.from('p') },
    '2a0000000a000000b40000000000000001000000000000000000000000000000627b0000000000007000',
  ],
  [
    'rmdir',
    { name: Buffer.from('d') },
    '2a0000000b000000e40000000000000001000000000000000000000000000000627b0000000000006400',
  ],
  [
    'rename',
    { toDirectory: 3n, flags: 0, name: Buffer.from('a'), toName: Buffer.from('b') },
    '340000000c000000380000000000000001000000000000000000000000000000627b000000000000030000000000000061006200',
  ],
  [
    'link',
    { from: 2n, name: Buffer.from('c') },
    '320000000d0000004a0000000000000001000000000000000000000000000000627b00000000000002000000000000006300',
  ],
  [
    'open',
    { flags: 0o100000 },
    '300000000e000000c80000000000000002000000000000000000000000000000627b0000000000000080000000000000',
  ],
  [
    'read',
    { fh: 1n, offset: 0n, size: 5 },
    '500000000f0000001e0000000000000002000000000000000000000000000000627b0000000000000100000000000000000000000000000005000000020000000d14d45dc5b430120280000000000000',
  ],
  [
    'write',
    { fh: 1n, offset: 0n, writeFlags: 2, data: Buffer.from('hello') },
    '5500000010000000140000000000000002000000000000000000000000000000627b0000000000000100000000000000000000000000000005000000020000000d14d45dc5b43012028000000000000068656c6c6f',
  ],
  ['statfs', {}, '2800000011000000720000000000000001000000000000000000000000000000627b000000000000'],
  [
    'release',
    { fh: 1n },
    '4000000012000000c000000000000000020000000000000000000000000000000000000000000000010000000000000002800000020000008ec4968709689103',
  ],
  [
    'fsync',
    { fh: 1n, flags: 0 },
    '3800000014000000160000000000000002000000000000000000000000000000627b00000000000001000000000000000000000000000000',
  ],
  [
    'setxattr',
    { name: Buffer.from('user.k'), value: Buffer.from('v'), flags: 0 },
    '38000000150000008e0000000000000002000000000000000000000000000000627b0000000000000100000000000000757365722e6b0076',
  ],
  [
    'getxattr',
    { size: 128, name: Buffer.from('user.k') },
    '3700000016000000960000000000000002000000000000000000000000000000627b0000000000008000000000000000757365722e6b00',
  ],
  [
    'listxattr',
    { size: 256 },
    '30000000170000009c0000000000000002000000000000000000000000000000627b0000000000000001000000000000',
  ],
  [
    'removexattr',
    { name: Buffer.from('user.k') },
    '2f00000018000000a40000000000000002000000000000000000000000000000627b000000000000757365722e6b00',
  ],
  [
    'flush',
    { fh: 1n, owner: 0x1230b4c55dd4140dn },
    '4000000019000000be0000000000000002000000000000000000000000000000627b000000000000010000000000000000000000000000000d14d45dc5b43012',
  ],
  [
    'init',
    { major: 7, minor: 45, maxReadahead: 0x20000, flags: 0x73fffffb },
    '680000001a0000000200000000000000000000000000000000000000000000000000000000000000070000002d00000000000200fbffff73fd0500000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'opendir',
    { flags: 0o304000 },
    '300000001b000000780000000000000001000000000000000000000000000000627b0000000000000088010000000000',
  ],
  [
    'readdir',
    { fh: 0n, offset: 0n, size: 0x8000 },
    '500000001c0000007c0000000000000001000000000000000000000000000000627b00000000000000000000000000000000000000000000008000000000000000000000000000000088010000000000',
  ],
  [
    'setlkw',
    { fh: 1n, owner: 0x1230b4c55dd4140dn, lock: { start: 5n, end: 14n, type: 1, pid: 0x7b62 }, flags: 0 },
    '5800000021000000180000000000000002000000000000000000000000000000627b00000000000001000000000000000d14d45dc5b4301205000000000000000e0000000000000001000000627b00000000000000000000',
  ],
  [
    'setlkw',
    { fh: 1n, owner: 0x1230b4c55dd4140dn, lock: { start: 5n, end: 14n, type: 2, pid: 0 }, flags: 0 },
    '58000000210000001a0000000000000002000000000000000000000000000000627b00000000000001000000000000000d14d45dc5b4301205000000000000000e0000000000000002000000000000000000000000000000',
  ],
  [
    'setlkw',
    {
      fh: 1n,
      owner: 0x39168098796c48en,
      lock: { start: 0n, end: 2n ** 63n - 1n, type: 0, pid: 0x7b62 },
      flags: 1,
    },
    '58000000210000001c0000000000000002000000000000000000000000000000627b00000000000001000000000000008ec49687096891030000000000000000ffffffffffffff7f00000000627b00000100000000000000',
  ],
  [
    'create',
    { flags: 0o101102, mode: 0o100644, name: Buffer.from('a') },
    '3a000000230000000c0000000000000001000000000000000000000000000000627b00000000000042820000a481000012000000000000006100',
  ],
  [
    'fallocate',
    { fh: 1n, offset: 0n, length: 10n, mode: 0 },
    '480000002b000000840000000000000002000000000000000000000000000000627b000000000000010000000000000000000000000000000a000000000000000000000000000000',
  ],
  [
    'lseek',
    { fh: 1n, offset: 0n, whence: 3 },
    '400000002e000000860000000000000002000000000000000000000000000000627b000000000000010000000000000000000000000000000300000000000000',
  ],
  [
    'copy-file-range',
    { fh: 1n, offset: 0n, toFh: 1n, toOffset: 20n, length: 3n },
    '600000002f000000bc0000000000000002000000000000000000000000000000627b0000000000000100000000000000000000000000000002000000000000000100000000000000140000000000000003000000000000000000000000000000',
  ],
];

for (const [operation, body, hex] of SENT) {
  t.test(`a kernel's ${operation} is read as what it says: ${hex.slice(-16)}`, async (t) => {
    const decoded = decodeRequest(Buffer.from(hex, 'hex'));
    if (decoded.outcome !== 'request') throw new Error(`it is ${decoded.outcome}`);
    t.equal(decoded.request.operation, operation);
    t.strictSame(decoded.request.body, body);
  });
}

t.test('the header says who asks, and about which file', async (t) => {
  const lookup = SENT[0]![2];
  const decoded = decodeRequest(Buffer.from(lookup, 'hex'));
  if (decoded.outcome !== 'request') throw new Error(`it is ${decoded.outcome}`);
  t.strictSame(decoded.request.header, { unique: 10n, nodeid: 1n, uid: 0, gid: 0, pid: 0x7b62 });
});

t.test('what is read does not point into the buffer that it was read from', async (t) => {
  const bytes = Buffer.from(SENT.find(([operation]) => operation === 'write')![2], 'hex');
  const decoded = decodeRequest(bytes);
  bytes.fill(0);
  if (decoded.outcome !== 'request') throw new Error(`it is ${decoded.outcome}`);
  t.match(decoded.request.body, { data: Buffer.from('hello') });
});

t.test('an operation that the gate does not have is known as such, and by whom it was asked', async (t) => {
  const bytes = Buffer.from(SENT[0]![2], 'hex');
  bytes.writeUInt32LE(53, 4);
  t.strictSame(decodeRequest(bytes), { outcome: 'unknown', unique: 10n, opcode: 53 });
});

t.test('a request that is shorter than its words need is malformed, wherever it was cut', async (t) => {
  for (const [operation, , hex] of SENT) {
    const whole = Buffer.from(hex, 'hex');
    // What comes at the end of these is padding that nobody reads, or may be missing on an older kernel.
    if (['init', 'flush', 'release'].includes(operation)) continue;
    for (let length = 0; length < whole.length; length += 1) {
      const cut = Buffer.from(whole.subarray(0, length));
      const { outcome } = decodeRequest(cut);
      t.equal(outcome, 'malformed', `${operation} cut to ${length} and not saying so`);
    }
  }
});

t.test('whatever is changed in a request, reading it throws nothing', async () => {
  const hexes = SENT.map(([, , hex]) => hex);
  fc.assert(
    fc.property(
      fc.constantFrom(...hexes),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 12 }),
      fc.nat(400),
      (hex, changes, length) => {
        const bytes = Buffer.from(hex, 'hex').subarray(0, Math.max(40, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        bytes.writeUInt32LE(bytes.length, 0);
        decodeRequest(bytes);
      },
    ),
    { numRuns: 5000 },
  );
});

t.test('a forgetful kernel that counts more than it sends is malformed', async (t) => {
  const bytes = Buffer.alloc(48 + 16);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt32LE(OPCODES['batch-forget'], 4);
  bytes.writeUInt32LE(1, 40);
  t.match(decodeRequest(bytes), {
    outcome: 'request',
    request: { body: { nodes: [{ nodeid: 0n, lookups: 0n }] } },
  });
  bytes.writeUInt32LE(0xffff_ffff, 40);
  t.match(decodeRequest(bytes), { outcome: 'malformed' });
});
