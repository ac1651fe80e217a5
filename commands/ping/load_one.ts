/**
 * A ping to one target with every module that it needs.
 *
 * Deno decodes the source map of each module that is the first to import
 * another one, which takes longer than to load it. Here this list is the first
 * for all of them, and it is short; a test keeps it complete.
 */

import "../../lib/os/errno.ts";
import "../../lib/os/linux/ancillary.ts";
import "../../lib/os/linux/clock.ts";
import "../../lib/os/linux/constants.ts";
import "../../lib/os/linux/errno.ts";
import "../../lib/os/linux/event_loop.ts";
import "../../lib/os/linux/icmp.ts";
import "../../lib/os/linux/icmp_filter.ts";
import "../../lib/os/linux/icmp_send.ts";
import "../../lib/os/linux/libc.ts";
import "../../lib/os/linux/messages.ts";
import "../../lib/os/linux/sockaddr.ts";
import "../../lib/os/linux/socket.ts";
import "../../lib/os/linux/system.ts";
import "../../lib/os/system.ts";
import "../../lib/ping/dispatcher.ts";
import "../../lib/ping/engine.ts";
import "../../lib/ping/icmp_prober.ts";
import "../../lib/ping/open.ts";
import "../../lib/ping/options.ts";
import "../../lib/ping/payload.ts";
import "../../lib/ping/ping.ts";
import "../../lib/ping/probes.ts";
import "../../lib/ping/schedule.ts";
import "../../lib/ping/targets.ts";
import "../../lib/socket/icmp.ts";
import "../../lib/socket/resolve.ts";
import "../../lib/socket/route.ts";
import "../../lib/stats/histogram.ts";
import "../../lib/stats/round_trip.ts";
import "../../lib/wire/checksum.ts";
import "../../lib/wire/errors.ts";
import "../../lib/wire/icmp.ts";
import "../../lib/wire/icmp_codes.ts";
import "../../lib/wire/icmp_extensions.ts";
import "../../lib/wire/ip.ts";
import "./format.ts";
import "./limits.ts";
import "./one_text.ts";

export { pingOne } from "./one.ts";
