/** The commands of FTP that Suricata knows. Which one a line has is the first that ends in it, wherever that is. */
const NAMES =
  `PORT EPRT PASV RETR EPSV STOR ABOR ACCT ALLO APPE CDUP CHMOD CWD DELE FEAT HELP IDLE LIST MAIL MDTM MKD MLFL
  MODE MRCP MRSQ MSAM MSND MSOM NLST NOOP PASS PWD QUIT REIN REST RMD RNFR RNTO SITE SIZE SMNT STAT STOU STRU SYST
  TYPE UMASK USER`.split(/\s+/);
const AUTH_TLS = 'AUTH TLS';
const COMMANDS: readonly string[] = [...NAMES, AUTH_TLS];

/** null: none of them. */
export function commandIn(line: string): string | null {
  const upper = line.toUpperCase();
  let found: string | null = null;
  let nearest = Number.POSITIVE_INFINITY;
  for (const name of COMMANDS) {
    const at = upper.indexOf(name);
    if (at === -1 || at + name.length >= nearest) continue;
    nearest = at + name.length;
    found = name;
  }
  return found;
}
