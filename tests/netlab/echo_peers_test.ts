/** Echo servers as other people's clients see them, and `echo send` with a server of theirs. */

import { assertEquals } from "@std/assert";
import { ENGINES } from "../engines.ts";
import { EchoServerProcess } from "./_echo.ts";
import { labTest, type Requirement } from "./requirements.ts";
import { Lab } from "./topology.ts";

/** More than fits in any buffer on the way. */
const TEXT = Array.from({ length: 400_000 }, (_, i) => `line ${i}\n`).join("");
const DATAGRAM = "one datagram\n";

/** Where a server listens: ports, and a path. */
interface Server {
  readonly tcp: string;
  readonly tcp6: string;
  readonly udp: string;
  readonly tls: string;
  readonly path: string;
}

/** A command line of a client, and what goes in and comes out. */
type Case = readonly [command: string, text: string];

/** Clients that end when the server does, by program. */
const CLIENTS: Partial<Record<Requirement, (server: Server) => Case[]>> = {
  nc: ({ tcp, tcp6, udp, path }) => [
    [`nc -N 127.0.0.1 ${tcp}`, TEXT],
    [`nc -N ::1 ${tcp6}`, TEXT],
    [`nc -N -U ${path}`, TEXT],
    [`nc -u -W 1 127.0.0.1 ${udp}`, DATAGRAM],
  ],
  ncat: ({ tcp, tls, path }) => [
    [`ncat 127.0.0.1 ${tcp}`, TEXT],
    [`ncat -U ${path}`, TEXT],
    [`ncat --ssl 127.0.0.1 ${tls}`, TEXT],
  ],
  socat: ({ tcp, udp, path }) => [
    [`socat -t 10 - TCP:127.0.0.1:${tcp}`, TEXT],
    [`socat -t 10 - UNIX-CONNECT:${path}`, TEXT],
    [`socat -t 0.5 - UDP:127.0.0.1:${udp}`, DATAGRAM],
  ],
};

/** A folder that is removed with all that is in it. */
async function withFolder(run: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const engine of ENGINES) {
  for (const [program, cases] of Object.entries(CLIENTS)) {
    labTest(
      `an echo server gives ${program} back what it sends (${engine})`,
      () =>
        withFolder(async (folder) => {
          await using lab = await Lab.create({ hosts: { here: {} } });
          const path = `${folder}/echo.sock`;
          await using server = await EchoServerProcess.start(lab, "here", {
            engine,
            endpoints: [
              "tcp://127.0.0.1:0",
              "tcp://[::1]:0",
              "udp://127.0.0.1:0",
              "tls://127.0.0.1:0",
              `unix:${path}`,
            ],
            args: ["--self-signed"],
          });
          const commands = cases({
            tcp: server.port(0),
            tcp6: server.port(1),
            udp: server.port(2),
            tls: server.port(3),
            path,
          });
          for (const [command, text] of commands) {
            const { code, stdout, stderr } = await lab.run("here", command, {
              stdin: text,
            });
            assertEquals(stdout.length, text.length, `${command}: ${stderr}`);
            assertEquals(stdout === text, true, command);
            assertEquals(code, 0, `${command}: ${stderr}`);
          }
          const { events, summary } = await server.stop();
          const { accepted, closed } = summary["connections"];
          const streams = commands.filter(([line]) => !/-u |UDP/.test(line));
          assertEquals(accepted, streams.length);
          // ncat says no good-bye in TLS.
          const rude = streams.filter(([line]) => line.includes("--ssl"));
          assertEquals(closed["end"], accepted - rude.length);
          assertEquals(
            events.flatMap(({ type, reason, message }) =>
              type === "closed" && reason !== "end" ? [message] : []
            ),
            rude.map(() => "The peer ended TLS without close_notify"),
          );
        }),
      [program as Requirement],
    );
  }

  labTest(
    `echo send verifies what nc sends back (${engine})`,
    () =>
      withFolder(async (folder) => {
        await using lab = await Lab.create({ hosts: { here: {} } });
        const script = `mkfifo back
cat <back | nc -lvN 127.0.0.1 7007 2>&3 >back`;
        await using server = await lab.spawn("here", [
          ...["sh", "-c", `cd ${folder}; exec 3>&1; ${script}`],
        ]);
        await server.line((line) => line.startsWith("Listening on"));
        const { code, stdout, stderr } = await lab.run(
          "here",
          lab.netdiag([
            ...["echo", "send", "--engine", engine, "--json"],
            ...["-c", "3", "-i", "20ms", "tcp://127.0.0.1:7007", "hello"],
          ]),
        );
        assertEquals(code, 0, stderr + stdout);
        const types = stdout.trimEnd().split("\n").map((line) =>
          JSON.parse(line).type
        );
        assertEquals(types, ["start", "reply", "reply", "reply", "summary"]);
        assertEquals((await server.finish()).code, 0);
      }),
    ["nc"],
  );
}

if (ENGINES.includes("native")) {
  labTest(
    "an echo server answers socat's Unix datagrams, and abstract streams",
    () =>
      withFolder(async (folder) => {
        await using lab = await Lab.create({ hosts: { here: {} } });
        await using server = await EchoServerProcess.start(lab, "here", {
          engine: "native",
          endpoints: [`unixgram:${folder}/echo.sock`, "unix:@netdiag-echo"],
        });
        for (
          const address of [
            `UNIX-SENDTO:${folder}/echo.sock,bind=${folder}/client.sock`,
            "ABSTRACT-CONNECT:netdiag-echo",
          ]
        ) {
          const { stdout, stderr } = await lab.run(
            "here",
            `socat -t 0.5 - ${address}`,
            { stdin: DATAGRAM },
          );
          assertEquals(stdout, DATAGRAM, stderr);
        }
        const { summary } = await server.stop();
        assertEquals(summary["datagrams"].received, 1);
        assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), []);
      }),
    ["socat"],
  );
}
