import type { BigIntStats, Dirent, PathLike, Stats } from 'node:fs';
import { fs as host } from './builtins.ts';
import { NO_TWIN } from './fs-outcome.ts';

/** As it was when this module was loaded: code under test may replace what is in it. */
const fs = { ...host };

/** What the native function of the same name would answer, at once. Throws what it would fail with. */
export type Twin = (...args: never[]) => unknown;

type Buffers = readonly NodeJS.ArrayBufferView[];

/** Only calls on files and folders return at once: a pipe or a terminal may keep the thread waiting for ever. */
function mayBlock(stats: Stats | undefined): boolean {
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

/** Runs `twin` unless the file that `fd` stands for may block. */
function onFile<A extends [fd: number, ...rest: never[]]>(twin: (...args: A) => unknown): (...args: A) => unknown {
  return (...args) => (mayBlock(fs.fstatSync(args[0])) ? NO_TWIN : twin(...args));
}

function open(path: PathLike, flags: number, mode: number): number | typeof NO_TWIN {
  return mayBlock(fs.statSync(path, { throwIfNoEntry: false })) ? NO_TWIN : fs.openSync(path, flags, mode);
}

/** Stats as native code hands them over: ten numbers, then seconds and nanoseconds of four times. */
function raw(stats: BigIntStats, bigint: boolean): BigInt64Array | Float64Array {
  const { dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks } = stats;
  const values = [dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks];
  for (const ns of [stats.atimeNs, stats.mtimeNs, stats.ctimeNs, stats.birthtimeNs]) {
    const seconds = BigInt.asIntN(64, ns / 1_000_000_000n) - (ns < 0n && ns % 1_000_000_000n !== 0n ? 1n : 0n);
    values.push(seconds, ns - seconds * 1_000_000_000n);
  }
  return bigint ? BigInt64Array.from(values) : Float64Array.from(values, Number);
}

/** A folder as native code hands it over: names, then the type of each. */
function listed(path: PathLike, encoding: BufferEncoding): [string[], number[]] {
  const entries = fs.readdirSync(path, { encoding, withFileTypes: true });
  return [entries.map(({ name }) => name), entries.map(typeOf)];
}

function typeOf(entry: Dirent): number {
  const constants = fs.constants as unknown as Record<string, number>;
  if (entry.isFile()) return constants['UV_DIRENT_FILE']!;
  if (entry.isDirectory()) return constants['UV_DIRENT_DIR']!;
  if (entry.isSymbolicLink()) return constants['UV_DIRENT_LINK']!;
  if (entry.isFIFO()) return constants['UV_DIRENT_FIFO']!;
  if (entry.isSocket()) return constants['UV_DIRENT_SOCKET']!;
  if (entry.isCharacterDevice()) return constants['UV_DIRENT_CHAR']!;
  return entry.isBlockDevice() ? constants['UV_DIRENT_BLOCK']! : constants['UV_DIRENT_UNKNOWN']!;
}

/**
 * By name of the native function. The arguments are those that Node's asynchronous functions have checked and
 * pass on; the public synchronous functions take them as they are.
 */
export const TWINS: Readonly<Record<string, Twin>> = {
  access: (path: PathLike, mode: number) => fs.accessSync(path, mode),
  chmod: (path: PathLike, mode: number) => fs.chmodSync(path, mode),
  chown: (path: PathLike, uid: number, gid: number) => fs.chownSync(path, uid, gid),
  close: (fd: number) => fs.closeSync(fd),
  copyFile: (from: PathLike, to: PathLike, mode: number) => fs.copyFileSync(from, to, mode),
  fchmod: (fd: number, mode: number) => fs.fchmodSync(fd, mode),
  fchown: (fd: number, uid: number, gid: number) => fs.fchownSync(fd, uid, gid),
  fdatasync: (fd: number) => fs.fdatasyncSync(fd),
  fstat: (fd: number, bigint: boolean) => raw(fs.fstatSync(fd, { bigint: true }), bigint),
  fsync: (fd: number) => fs.fsyncSync(fd),
  ftruncate: (fd: number, length: number) => fs.ftruncateSync(fd, length),
  futimes: (fd: number, atime: number, mtime: number) => fs.futimesSync(fd, atime, mtime),
  lchown: (path: PathLike, uid: number, gid: number) => fs.lchownSync(path, uid, gid),
  link: (from: PathLike, to: PathLike) => fs.linkSync(from, to),
  lstat: (path: PathLike, bigint: boolean) => raw(fs.lstatSync(path, { bigint: true }), bigint),
  lutimes: (path: PathLike, atime: number, mtime: number) => fs.lutimesSync(path, atime, mtime),
  mkdir: (path: PathLike, mode: number, recursive: boolean) => fs.mkdirSync(path, { mode, recursive }),
  mkdtemp: (template: string, encoding: BufferEncoding) => fs.mkdtempSync(template.replace(/X{6}$/, ''), encoding),
  open,
  read: onFile((fd: number, buffer: Uint8Array, offset: number, length: number, position: number) =>
    fs.readSync(fd, buffer, offset, length, position),
  ),
  readBuffers: onFile((fd: number, buffers: Buffers, position: number) => fs.readvSync(fd, buffers, position)),
  readdir: (path: PathLike, encoding: BufferEncoding, withTypes: boolean) =>
    withTypes ? listed(path, encoding) : fs.readdirSync(path, encoding),
  readlink: (path: PathLike, encoding: BufferEncoding) => fs.readlinkSync(path, encoding),
  realpath: (path: PathLike, encoding: BufferEncoding) => fs.realpathSync.native(path, encoding),
  rename: (from: PathLike, to: PathLike) => fs.renameSync(from, to),
  rmdir: (path: PathLike) => fs.rmdirSync(path),
  stat: (path: PathLike, bigint: boolean) => raw(fs.statSync(path, { bigint: true }), bigint),
  symlink: (target: PathLike, path: PathLike, flags: number) => (flags === 0 ? fs.symlinkSync(target, path) : NO_TWIN),
  unlink: (path: PathLike) => fs.unlinkSync(path),
  utimes: (path: PathLike, atime: number, mtime: number) => fs.utimesSync(path, atime, mtime),
  writeBuffer: onFile((fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null) =>
    fs.writeSync(fd, buffer, offset, length, position),
  ),
  writeBuffers: onFile((fd: number, buffers: Buffers, position: number) => fs.writevSync(fd, buffers, position)),
  writeString: onFile((fd: number, text: string, position: number | null, encoding: BufferEncoding) =>
    fs.writeSync(fd, text, position, encoding),
  ),
};

/** The public name of a native function, where it has another one. */
export const PUBLIC_NAMES: Readonly<Record<string, string>> = {
  openFileHandle: 'open',
  readBuffers: 'readv',
  writeBuffer: 'write',
  writeBuffers: 'writev',
  writeString: 'write',
};

/** The twin of opening a file: its descriptor, or `NO_TWIN`. */
export const openTwin = open;
