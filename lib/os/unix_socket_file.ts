/** The files of Unix sockets: who may bind where one is left over, and who removes it. */

/**
 * Makes room for a Unix socket: removes a file that a server left behind. A
 * file that is no socket, or whose server still listens, stays, and binding
 * will say so.
 *
 * @param path of the file; an abstract name has none
 * @param isListening whether somebody accepts connections, or takes datagrams, there
 */
export async function removeStale(
  path: string,
  isListening: () => boolean | Promise<boolean>,
): Promise<void> {
  if (isAbstract(path)) return;
  const file = inode(path);
  if (file === undefined || !file.isSocket) return;
  if (await isListening()) return;
  // Somebody else may have begun to listen meanwhile.
  if (inode(path)?.ino === file.ino) removeIfThere(path);
}

/** The file that a socket has just been bound to. Where its permissions cannot be set, it is removed. */
export class SocketFile implements Disposable {
  readonly #path: string;
  readonly #ino: number | null | undefined;

  /** @param path of the file; an abstract name has none @param mode its permissions, such as 0o600; undefined leaves what the umask made of it */
  constructor(path: string, mode: number | undefined) {
    this.#path = path;
    this.#ino = isAbstract(path) ? null : inode(path)?.ino;
    if (mode === undefined || isAbstract(path)) return;
    try {
      Deno.chmodSync(path, mode);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Removes the file, unless it is another one by now. */
  [Symbol.dispose](): void {
    if (this.#ino !== null && inode(this.#path)?.ino === this.#ino) {
      removeIfThere(this.#path);
    }
  }
}

function isAbstract(path: string): boolean {
  return path.startsWith("@");
}

function inode(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
