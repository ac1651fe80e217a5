/** Archives with the same bytes for the same files, whenever and wherever they are packed. */

import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { packTar } from "modern-tar";

/** A file in an archive. */
export interface ArchivedFile {
  /** With `/` between folders. */
  readonly path: string;
  readonly contents: Uint8Array<ArrayBuffer>;
  readonly isExecutable?: boolean;
}

const PROGRAM_MODE = 0o755;
const FILE_MODE = 0o644;
/** In a zip archive: whose notion of permissions it has, and the type of a regular file in it (APPNOTE.TXT, 4.4.2 and 4.4.15; stat(2)). */
const UNIX = 3;
const REGULAR_FILE = 0o100000;

function modeOf({ isExecutable }: ArchivedFile): number {
  return isExecutable ? PROGRAM_MODE : FILE_MODE;
}

function inOrder(files: readonly ArchivedFile[]): ArchivedFile[] {
  return files.toSorted((a, b) => a.path < b.path ? -1 : 1);
}

/** A `.tar.gz` of the files, all of them made at `date` by nobody in particular. */
export async function tarGz(
  files: readonly ArchivedFile[],
  date: Date,
): Promise<Uint8Array<ArrayBuffer>> {
  const tar = await packTar(
    inOrder(files).map((file) => ({
      header: {
        name: file.path,
        type: "file",
        size: file.contents.length,
        mode: modeOf(file),
        mtime: date,
        uid: 0,
        gid: 0,
        uname: "root",
        gname: "root",
      },
      body: file.contents,
    })),
  );
  return new Uint8Array(gzipSync(tar, { level: 9 }));
}

/** A `.zip` of the files, all of them made at `date`. */
export function zip(
  files: readonly ArchivedFile[],
  date: Date,
): Uint8Array<ArrayBuffer> {
  // A zip archive has local times, so the same one is given everywhere.
  const mtime = new Date(date.getTime() + date.getTimezoneOffset() * 60_000);
  const archive = zipSync(
    Object.fromEntries(
      inOrder(files).map((file) => [
        file.path,
        [
          file.contents,
          { mtime, os: UNIX, attrs: (REGULAR_FILE | modeOf(file)) << 16 },
        ],
      ]),
    ),
    { level: 9 },
  );
  return new Uint8Array(archive);
}
