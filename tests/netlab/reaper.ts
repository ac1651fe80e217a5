/**
 * Cleaning up after labs. Namespaces are named `nd-PID-TAG-...` after the
 * process and the test module that made them; temporary folders likewise.
 */

import { missing } from "./requirements.ts";

/** Where iproute2 keeps the names of namespaces. */
const NAMES = "/run/netns";

/** What the names of all namespaces and folders of this module instance begin with. */
export const PREFIX = `nd-${Deno.pid}-${
  crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36)
}`;

/** A folder for what this module instance needs to keep, removed with everything else. */
export const FOLDER = `/tmp/${PREFIX}`;

/** Removes the namespaces whose names begin with `$1`, the processes inside, and the folder of that name. */
const REMOVE = `
for path in ${NAMES}/"$1"*; do
  [ -e "$path" ] || continue
  name=\${path##*/}
  for pid in $(ip netns pids "$name"); do kill -KILL "$pid"; done
  ip netns delete "$name"
done
rm -rf /tmp/"$1"*
`;

/**
 * Waits for the end of this process, however it comes: the pipe on its
 * standard input then closes. It has a session of its own, so that Ctrl-C in
 * the terminal does not reach it.
 */
const REAPER = `cat >/dev/null\n${REMOVE}`;

function isRunning(pid: number): boolean {
  try {
    Deno.statSync(`/proc/${pid}`);
    return true;
  } catch {
    return false;
  }
}

/** Removes what runs that were killed together with their reaper have left. */
function sweep(): void {
  const prefixes = new Set<string>();
  for (const folder of [NAMES, "/tmp"]) {
    try {
      for (const { name } of Deno.readDirSync(folder)) {
        const match = /^nd-(\d+)-/.exec(name);
        if (match !== null && !isRunning(Number(match[1]))) {
          prefixes.add(match[0]);
        }
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  for (const prefix of prefixes) {
    new Deno.Command("sh", {
      args: ["-c", REMOVE, "sweep", prefix],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync();
  }
}

function startReaper(): Deno.ChildProcess | undefined {
  if (missing("namespaces") !== undefined) return undefined;
  sweep();
  const child = new Deno.Command("setsid", {
    args: ["sh", "-c", REAPER, "reaper", PREFIX],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  child.unref();
  return child;
}

/** Exported, so that nothing collects it: its standard input would be closed then, which is the signal to reap. */
export const reaper = startReaper();
