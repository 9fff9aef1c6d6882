// SPDX-License-Identifier: MIT

/**
 * The text of a clear-signed message without its dash escapes: within one every line that begins with a dash has `- ` before it,
 * removed lines of a diff too (RFC 9580, section 7.2). Numbers of lines stay.
 */
export function withoutDashEscapes(lines: readonly string[]): readonly string[] {
  let isSigned = false;
  return lines.map((line) => {
    if (line.startsWith('-----BEGIN PGP SIGNED MESSAGE-----')) isSigned = true;
    else if (line.startsWith('-----BEGIN PGP SIGNATURE-----')) isSigned = false;
    else if (isSigned && line.startsWith('- ')) return line.slice(2);
    return line;
  });
}
