import { type ErrnoTable, SystemError } from "../errno.ts";

/**
 * Errors of Windows. Those that other systems have, too, go by the names that
 * they have there, so that whoever asks for a name finds it.
 */
export const WINDOWS_ERRORS: ErrnoTable = {
  // winerror.h
  5: ["EACCES", "Access is denied"],
  6: ["EBADF", "The handle is invalid"],
  8: ["ENOMEM", "Not enough memory"],
  50: ["ENOTSUP", "The request is not supported"],
  87: ["EINVAL", "The parameter is incorrect"],
  1231: ["ENETUNREACH", "The network location cannot be reached"],
  1232: ["EHOSTUNREACH", "The host cannot be reached"],
  // winsock2.h
  10004: ["EINTR", "Interrupted function call"],
  10013: ["EACCES", "Permission denied"],
  10014: ["EFAULT", "Bad address"],
  10022: ["EINVAL", "Invalid argument"],
  10024: ["EMFILE", "Too many open sockets"],
  10040: ["EMSGSIZE", "Message too long"],
  10047: ["EAFNOSUPPORT", "Address family not supported"],
  10048: ["EADDRINUSE", "Address already in use"],
  10049: ["EADDRNOTAVAIL", "Cannot assign requested address"],
  10050: ["ENETDOWN", "Network is down"],
  10051: ["ENETUNREACH", "Network is unreachable"],
  10055: ["ENOBUFS", "No buffer space available"],
  10065: ["EHOSTUNREACH", "No route to host"],
  // ipexport.h, with the words of the page of ICMP_ECHO_REPLY
  11001: ["IP_BUF_TOO_SMALL", "The reply buffer was too small"],
  11002: ["ENETUNREACH", "The destination network was unreachable"],
  11003: ["EHOSTUNREACH", "The destination host was unreachable"],
  11006: ["ENOBUFS", "Insufficient IP resources were available"],
  11007: ["IP_BAD_OPTION", "A bad IP option was specified"],
  11008: ["IP_HW_ERROR", "A hardware error occurred"],
  11009: ["EMSGSIZE", "The packet was too big"],
  11010: ["ETIMEDOUT", "The request timed out"],
  11011: ["IP_BAD_REQ", "A bad request"],
  11017: ["IP_OPTION_TOO_BIG", "An IP option was too big"],
  11018: ["EADDRNOTAVAIL", "A bad destination"],
  11050: ["IP_GENERAL_FAILURE", "A general failure"],
};

/** A {@linkcode SystemError} for an error number of Windows. */
export function windowsError(operation: string, number: number): SystemError {
  const [code, description] = WINDOWS_ERRORS[number] ??
    [`E${number}`, `System error ${number}`];
  return new SystemError(operation, number, code, description);
}
