import * as status from '../nfs4/status.ts';
import type { Errno } from './filesystem/result.ts';

const STATUS_OF: Partial<Record<Errno, status.Failure>> = {
  EPERM: status.NFS4ERR_PERM,
  ENOENT: status.NFS4ERR_NOENT,
  EIO: status.NFS4ERR_IO,
  ENXIO: status.NFS4ERR_NXIO,
  EACCES: status.NFS4ERR_ACCESS,
  EEXIST: status.NFS4ERR_EXIST,
  EXDEV: status.NFS4ERR_XDEV,
  ENOTDIR: status.NFS4ERR_NOTDIR,
  EISDIR: status.NFS4ERR_ISDIR,
  EINVAL: status.NFS4ERR_INVAL,
  EFBIG: status.NFS4ERR_FBIG,
  ENOSPC: status.NFS4ERR_NOSPC,
  EROFS: status.NFS4ERR_ROFS,
  EMLINK: status.NFS4ERR_MLINK,
  ENAMETOOLONG: status.NFS4ERR_NAMETOOLONG,
  ENOTEMPTY: status.NFS4ERR_NOTEMPTY,
  EDQUOT: status.NFS4ERR_DQUOT,
  ESTALE: status.NFS4ERR_STALE,
  EBADHANDLE: status.NFS4ERR_BADHANDLE,
  ELOOP: status.NFS4ERR_SYMLINK,
  EILSEQ: status.NFS4ERR_BADCHAR,
  EOPNOTSUPP: status.NFS4ERR_NOTSUPP,
  ENOSYS: status.NFS4ERR_NOTSUPP,
  EOVERFLOW: status.NFS4ERR_INVAL,
  ENODATA: status.NFS4ERR_NOXATTR,
  E2BIG: status.NFS4ERR_XATTR2BIG,
  ETXTBSY: status.NFS4ERR_FILE_OPEN,
  EBUSY: status.NFS4ERR_FILE_OPEN,
  // All of these pass: come again.
  EAGAIN: status.NFS4ERR_DELAY,
  EINTR: status.NFS4ERR_DELAY,
  EMFILE: status.NFS4ERR_DELAY,
  ENFILE: status.NFS4ERR_DELAY,
  ENOMEM: status.NFS4ERR_DELAY,
  ENOLCK: status.NFS4ERR_DELAY,
};

/** The status a client sees for an error of the filesystem; what has no counterpart is SERVERFAULT. */
export const statusOfErrno = (errno: Errno): status.Failure => STATUS_OF[errno] ?? status.NFS4ERR_SERVERFAULT;
