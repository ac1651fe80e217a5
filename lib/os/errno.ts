/** Errors that an operating system reports, by number, name and text. */

/** A call to the operating system failed. */
export class SystemError extends Error {
  /** The name of the class. */
  override readonly name = "SystemError";
  /** The number that the system gave. */
  readonly errno: number;
  /** Its name, such as `EACCES`; `E` and the number where it is not a known one. */
  readonly code: string;
  /** The system's words for it: `Permission denied`. */
  readonly description: string;
  /** What was tried: `sendto 10.0.0.1`. */
  readonly operation: string;

  /** For the library's own use; a constructor cannot be hidden. */
  constructor(
    operation: string,
    errno: number,
    code: string,
    description: string,
  ) {
    super(`Cannot ${operation}: ${description} (${code})`);
    this.errno = errno;
    this.code = code;
    this.description = description;
    this.operation = operation;
  }
}

/** Name and text of each error number of one system. */
export type ErrnoTable = Readonly<Record<number, readonly [string, string]>>;

/** A message is longer than the path, or this machine's interface, takes without fragmenting it. */
export class MessageTooLongError extends SystemError {
  /** The longest packet that fits, in bytes; 0 where the system did not say. */
  readonly mtu: number;

  constructor(error: SystemError, mtu: number) {
    super(error.operation, error.errno, error.code, error.description);
    this.mtu = mtu;
  }
}

/** What other systems can be asked for, and this one cannot. */
export function notSupported(
  operation: string,
  description: string,
): SystemError {
  return new SystemError(operation, 0, "ENOTSUP", description);
}

/** Whether the system takes no message now, and may later: a queue or a buffer is full. */
export function isCongestion({ code }: SystemError): boolean {
  return code === "EAGAIN" || code === "ENOBUFS" || code === "ENOMEM";
}

/** The system allows this process no ICMP socket of any kind. */
export class IcmpRefusedError extends SystemError {
  /** For the library's own use; a constructor cannot be hidden. */
  constructor(error: SystemError) {
    super(error.operation, error.errno, error.code, error.description);
  }
}

/** The system's words in a text of Deno's, without "(os error 111)", nor the full stop that Windows has before it. */
export function systemWords(message: string): string {
  return message.replace(/\.? \(os error \d+\)$/, "");
}

/** An error of the system's with what was tried; any other error as it is. */
export function asSystemError(error: unknown, operation: string): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  if (typeof code !== "string") return error;
  if (error instanceof SystemError) {
    return new SystemError(operation, error.errno, code, error.description);
  }
  // Deno's texts go on with "(os error 98)", and with what it tried.
  const [, description, errno = "0"] = /^(.*?)(?:\.? \(os error (\d+)\).*)?$/s
    .exec(
      error.message,
    )!;
  return new SystemError(operation, Number(errno), code, description!);
}
