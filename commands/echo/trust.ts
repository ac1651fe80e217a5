/** What to do about a certificate that nobody vouches for. */

/** A reason why a connection failed, with the remedy where it is an unknown authority. */
export function withTrustHint(reason: string): string {
  return reason.includes("UnknownIssuer")
    ? `${reason}; --cacert FILE trusts the certificates in a file`
    : reason;
}
