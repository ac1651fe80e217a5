/** The plainest UDP echo server of Deno's own API: `deno run --unstable-net -A deno_udp_echo.ts PORT`. */

const socket = Deno.listenDatagram({
  transport: "udp",
  hostname: "127.0.0.1",
  port: Number(Deno.args[0]),
});
for await (const [bytes, from] of socket) await socket.send(bytes, from);
