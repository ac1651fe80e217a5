/** A worker that serves until its first connection kills it: see workers_test.ts. */

import "../../../commands/echo/worker.ts";
import type { FromWorker } from "../../../commands/echo/worker.ts";

const scope = globalThis as unknown as {
  postMessage(message: FromWorker): void;
};
const post = scope.postMessage.bind(scope);
scope.postMessage = (message) => {
  const isOpened = message.type === "events" &&
    message.events.some(({ type }) => type === "opened");
  if (!isOpened) return post(message);
  throw new Error("Lost its mind");
};
