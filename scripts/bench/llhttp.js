/** llhttp, as `node:http` of Node and of Deno use it from JavaScript. */

import { Buffer } from "node:buffer";
import { HTTPParser } from "node:_http_common";

/**
 * Parses a response again and again.
 *
 * @param {string} text the response, in ASCII
 * @param {number} count
 * @returns {number} responses a second
 */
export function llhttpRate(text, count) {
  const response = Buffer.from(text, "latin1");
  const parser = new HTTPParser();
  if (parser.initialize === undefined) {
    throw new Error("Cannot run HTTPParser: use Deno 2.9");
  }
  let bodyBytes = 0;
  let strings = 0;
  let complete = 0;
  parser.initialize(HTTPParser.RESPONSE, {});
  parser[HTTPParser.kOnHeadersComplete] = (_major, _minor, headers) => {
    strings += headers.length;
  };
  parser[HTTPParser.kOnBody] = (body) => {
    bodyBytes += body.length;
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    complete++;
  };
  const start = performance.now();
  for (let index = 0; index < count; index++) parser.execute(response);
  const seconds = (performance.now() - start) / 1000;
  if (complete !== count || strings === 0 || bodyBytes === 0) {
    throw new Error(`llhttp parsed ${complete} of ${count} responses`);
  }
  return count / seconds;
}
