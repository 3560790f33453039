/** Numbers of NFSv4 that are no status, attribute or operation. Source: RFC 5662 (XDR of NFSv4.1) unless said. */

/** RFC 5662 section 1: program, version and procedures. */
export const NFS4_PROGRAM = 100003;
export const NFS_V4 = 4;
export const NFSPROC4_NULL = 0;
export const NFSPROC4_COMPOUND = 1;

// Sizes in bytes.
export const NFS4_FHSIZE = 128;
export const NFS4_VERIFIER_SIZE = 8;
export const NFS4_OPAQUE_LIMIT = 1024;
export const NFS4_SESSIONID_SIZE = 16;
export const NFS4_OTHER_SIZE = 12;

/** NFS4_UINT64_MAX as a lock's length: "to the end of the file, wherever that will be". */
export const LENGTH_TO_END_OF_FILE = 0xffff_ffff_ffff_ffffn;

/**
 * Our own limits on what the RFC leaves unlimited. They only stop nonsense from being read: above any
 * limit that has a status of its own (a name too long is NFS4ERR_NAMETOOLONG, not NFS4ERR_BADXDR).
 */
export const COMPONENT_MAX_BYTES = 65_536;
export const LINK_TEXT_MAX_BYTES = 65_536;
export const PRINCIPAL_MAX_BYTES = 4096;
export const TAG_MAX_BYTES = 1024;
export const BITMAP_MAX_WORDS = 64;
/** Bounded by the message anyway; XdrReader checks that first. */
export const ARRAY_MAX_ELEMENTS = 65_536;
export const OPAQUE_MAX_BYTES = 0x7fff_ffff;

// nfs_ftype4
export const NF4REG = 1;
export const NF4DIR = 2;
export const NF4BLK = 3;
export const NF4CHR = 4;
export const NF4LNK = 5;
export const NF4SOCK = 6;
export const NF4FIFO = 7;
export const NF4ATTRDIR = 8;
export const NF4NAMEDATTR = 9;
export type FileType = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

// ACCESS, RFC 8881 section 18.1
export const ACCESS4_READ = 0x01;
export const ACCESS4_LOOKUP = 0x02;
export const ACCESS4_MODIFY = 0x04;
export const ACCESS4_EXTEND = 0x08;
export const ACCESS4_DELETE = 0x10;
export const ACCESS4_EXECUTE = 0x20;

// ACCESS, RFC 8276 section 8.5
export const ACCESS4_XAREAD = 0x40;
export const ACCESS4_XAWRITE = 0x80;
export const ACCESS4_XALIST = 0x100;

// fattr4_fh_expire_type, RFC 8881 section 5.8.1.3
export const FH4_PERSISTENT = 0;

// nfs_lock_type4; the W kinds ask to be called back when the lock is free
export const READ_LT = 1;
export const WRITE_LT = 2;
export const READW_LT = 3;
export const WRITEW_LT = 4;
export type LockType = 1 | 2 | 3 | 4;

// OPEN, RFC 8881 section 18.16
export const OPEN4_SHARE_ACCESS_READ = 0x01;
export const OPEN4_SHARE_ACCESS_WRITE = 0x02;
export const OPEN4_SHARE_ACCESS_BOTH = 0x03;
export const OPEN4_SHARE_DENY_NONE = 0x00;
export const OPEN4_SHARE_DENY_READ = 0x01;
export const OPEN4_SHARE_DENY_WRITE = 0x02;
export const OPEN4_SHARE_DENY_BOTH = 0x03;
export const OPEN4_SHARE_ACCESS_WANT_DELEG_MASK = 0xff00;
export const OPEN4_SHARE_ACCESS_WANT_NO_PREFERENCE = 0x0000;
export const OPEN4_SHARE_ACCESS_WANT_READ_DELEG = 0x0100;
export const OPEN4_SHARE_ACCESS_WANT_WRITE_DELEG = 0x0200;
export const OPEN4_SHARE_ACCESS_WANT_ANY_DELEG = 0x0300;
export const OPEN4_SHARE_ACCESS_WANT_NO_DELEG = 0x0400;
export const OPEN4_SHARE_ACCESS_WANT_CANCEL = 0x0500;
export const OPEN4_SHARE_ACCESS_WANT_SIGNAL_DELEG_WHEN_RESRC_AVAIL = 0x1_0000;
export const OPEN4_SHARE_ACCESS_WANT_PUSH_DELEG_WHEN_UNCONTENDED = 0x2_0000;
export const OPEN4_NOCREATE = 0;
export const OPEN4_CREATE = 1;
export const UNCHECKED4 = 0;
export const GUARDED4 = 1;
export const EXCLUSIVE4 = 2;
export const EXCLUSIVE4_1 = 3;
export const CLAIM_NULL = 0;
export const CLAIM_PREVIOUS = 1;
export const CLAIM_DELEGATE_CUR = 2;
export const CLAIM_DELEGATE_PREV = 3;
export const CLAIM_FH = 4;
export const CLAIM_DELEG_CUR_FH = 5;
export const CLAIM_DELEG_PREV_FH = 6;
export const OPEN4_RESULT_CONFIRM = 0x02;
export const OPEN4_RESULT_LOCKTYPE_POSIX = 0x04;
export const OPEN4_RESULT_PRESERVE_UNLINKED = 0x08;
export const OPEN4_RESULT_MAY_NOTIFY_LOCK = 0x20;
export const OPEN_DELEGATE_NONE = 0;
export const OPEN_DELEGATE_READ = 1;
export const OPEN_DELEGATE_WRITE = 2;
export const OPEN_DELEGATE_NONE_EXT = 3;
export type DelegationType = 0 | 1 | 2 | 3;
export const WND4_NOT_WANTED = 0;
export const WND4_CONTENTION = 1;
export const WND4_RESOURCE = 2;
export const WND4_NOT_SUPP_FTYPE = 3;
export const WND4_WRITE_DELEG_NOT_SUPP_FTYPE = 4;
export const WND4_NOT_SUPP_UPGRADE = 5;
export const WND4_NOT_SUPP_DOWNGRADE = 6;
export const WND4_CANCELLED = 7;
export const WND4_IS_DIR = 8;
export const NFS_LIMIT_SIZE = 1;
export const NFS_LIMIT_BLOCKS = 2;

// stable_how4
export const UNSTABLE4 = 0;
export const DATA_SYNC4 = 1;
export const FILE_SYNC4 = 2;
export type StableHow = 0 | 1 | 2;

// time_how4
export const SET_TO_SERVER_TIME4 = 0;
export const SET_TO_CLIENT_TIME4 = 1;

// BIND_CONN_TO_SESSION, RFC 8881 section 18.34
export const CDFC4_FORE = 1;
export const CDFC4_BACK = 2;
export const CDFC4_FORE_OR_BOTH = 3;
export const CDFC4_BACK_OR_BOTH = 7;
export type ChannelDirectionFromClient = 1 | 2 | 3 | 7;
export const CDFS4_FORE = 1;
export const CDFS4_BACK = 2;
export const CDFS4_BOTH = 3;
export type ChannelDirectionFromServer = 1 | 2 | 3;

// EXCHANGE_ID, RFC 8881 section 18.35
export const EXCHGID4_FLAG_SUPP_MOVED_REFER = 0x0000_0001;
export const EXCHGID4_FLAG_SUPP_MOVED_MIGR = 0x0000_0002;
export const EXCHGID4_FLAG_BIND_PRINC_STATEID = 0x0000_0100;
export const EXCHGID4_FLAG_USE_NON_PNFS = 0x0001_0000;
export const EXCHGID4_FLAG_USE_PNFS_MDS = 0x0002_0000;
export const EXCHGID4_FLAG_USE_PNFS_DS = 0x0004_0000;
export const EXCHGID4_FLAG_MASK_PNFS = 0x0007_0000;
export const EXCHGID4_FLAG_UPD_CONFIRMED_REC_A = 0x4000_0000;
export const EXCHGID4_FLAG_CONFIRMED_R = 0x8000_0000;
export const SP4_NONE = 0;
export const SP4_MACH_CRED = 1;
export const SP4_SSV = 2;

// CREATE_SESSION, RFC 8881 section 18.36
export const CREATE_SESSION4_FLAG_PERSIST = 0x1;
export const CREATE_SESSION4_FLAG_CONN_BACK_CHAN = 0x2;
export const CREATE_SESSION4_FLAG_CONN_RDMA = 0x4;

// SEQUENCE, RFC 8881 section 18.46
export const SEQ4_STATUS_CB_PATH_DOWN = 0x0001;
export const SEQ4_STATUS_CB_GSS_CONTEXTS_EXPIRING = 0x0002;
export const SEQ4_STATUS_CB_GSS_CONTEXTS_EXPIRED = 0x0004;
export const SEQ4_STATUS_EXPIRED_ALL_STATE_REVOKED = 0x0008;
export const SEQ4_STATUS_EXPIRED_SOME_STATE_REVOKED = 0x0010;
export const SEQ4_STATUS_ADMIN_STATE_REVOKED = 0x0020;
export const SEQ4_STATUS_RECALLABLE_STATE_REVOKED = 0x0040;
export const SEQ4_STATUS_LEASE_MOVED = 0x0080;
export const SEQ4_STATUS_RESTART_RECLAIM_NEEDED = 0x0100;
export const SEQ4_STATUS_CB_PATH_DOWN_SESSION = 0x0200;
export const SEQ4_STATUS_BACKCHANNEL_FAULT = 0x0400;

// SECINFO_NO_NAME, RFC 8881 section 18.45
export const SECINFO_STYLE4_CURRENT_FH = 0;
export const SECINFO_STYLE4_PARENT = 1;
export type SecInfoStyle = 0 | 1;
/** RPCSEC_GSS as a flavor of SECINFO and of a back channel; RFC 2203 section 5. */
export const RPCSEC_GSS = 6;

// SEEK, RFC 7862 section 11.3 (data_content4)
export const NFS4_CONTENT_DATA = 0;
export const NFS4_CONTENT_HOLE = 1;

// fattr4_change_attr_type, RFC 7862 section 12.2.3
export const NFS4_CHANGE_TYPE_IS_TIME_METADATA = 3;

// COPY, RFC 7862 section 7.1 (netloc_type4)
export const NL4_NAME = 1;
export const NL4_URL = 2;
export const NL4_NETADDR = 3;

// SETXATTR, RFC 8276 section 8.4.2 (setxattr_option4)
export const SETXATTR4_EITHER = 0;
export const SETXATTR4_CREATE = 1;
export const SETXATTR4_REPLACE = 2;
export type SetXattrOption = 0 | 1 | 2;
