/** Which function does what; adding an operation means adding a line here and a decoder. */
import type { FuseRequest } from '../fuse/requests.ts';
import type { GateState } from '../gate-state.ts';
import { error, OK, type Outcome, SILENCE } from '../outcome.ts';
import * as files from './files.ts';
import * as locks from './locks.ts';
import * as names from './names.ts';
import * as xattrs from './xattrs.ts';

/** @param again it has waited: what was told to the history is not told twice */
export function operate(state: GateState, { operation, header, body }: FuseRequest, again: boolean): Outcome {
  switch (operation) {
    case 'lookup':
      return names.lookup(state, header, body);
    case 'forget':
      state.inodes.forget(header.nodeid, body.lookups);
      return SILENCE;
    case 'batch-forget':
      for (const { nodeid, lookups } of body.nodes) state.inodes.forget(nodeid, lookups);
      return SILENCE;
    case 'getattr':
      return files.getattr(state, header);
    case 'setattr':
      return files.setattr(state, header, body);
    case 'readlink':
      return names.readlink(state, header);
    case 'symlink':
      return names.symlink(state, header, body);
    case 'mknod':
      return names.mknod(state, header, body);
    case 'mkdir':
      return names.mkdir(state, header, body);
    case 'unlink':
      return names.remove(state, header, body, false);
    case 'rmdir':
      return names.remove(state, header, body, true);
    case 'rename':
    case 'rename2':
      return names.rename(state, header, body);
    case 'link':
      return names.link(state, header, body);
    case 'open':
      return files.open(state, header, body);
    case 'create':
      return files.create(state, header, body);
    case 'read':
      return files.read(state, header, body);
    case 'write':
      return files.write(state, header, body);
    case 'statfs':
      return files.statfs(state, header);
    case 'fsync':
      return files.fsync(state, header);
    case 'fsyncdir':
      return OK;
    case 'flush':
      return locks.flush(state, header, body);
    case 'release':
      return locks.release(state, header, body);
    case 'opendir':
      return files.opendir(state, header);
    case 'readdir':
      return names.readdir(state, header, body);
    case 'releasedir':
      return OK;
    case 'getlk':
      return locks.getlk(state, header, body);
    case 'setlk':
    case 'setlkw':
      return locks.setlk(state, header, body, operation === 'setlkw', again);
    case 'setxattr':
      return xattrs.setxattr(state, header, body);
    case 'getxattr':
      return xattrs.getxattr(state, header, body);
    case 'listxattr':
      return xattrs.listxattr(state, header, body);
    case 'removexattr':
      return xattrs.removexattr(state, header, body);
    case 'fallocate':
      return files.fallocate(state, header, body);
    case 'lseek':
      return files.lseek(state, header, body);
    case 'copy-file-range':
      return files.copyFileRange(state, header, body);
    default:
      return error('ENOSYS');
  }
}
