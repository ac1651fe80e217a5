import { HttpSession } from "../../lib/http/session.ts";
import type { Exchange, HttpOptions } from "../../lib/http/types.ts";

/** Asks, and resolves with every exchange, and the last body. */
export async function ask(url: string, options: HttpOptions = {}) {
  using session = new HttpSession(url, options);
  let body = "";
  const exchanges: Exchange[] = [];
  const decoder = new TextDecoder();
  for await (
    const exchange of session.run(() => (bytes) => {
      body += decoder.decode(bytes, { stream: true });
    })
  ) exchanges.push(exchange);
  return { exchanges, last: exchanges.at(-1)!, body };
}
