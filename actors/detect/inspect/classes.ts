/** Classes of rules: the category that an alert names, and its priority. */
export interface RuleClass {
  readonly description: string;
  readonly priority: number;
}

/** Of a rule without class and priority. */
export const DEFAULT_PRIORITY = 3;

const row = (name: string, description: string, priority: number) => [name, { description, priority }] as const;

/** As Suricata comes with them. */
export const DEFAULT_CLASSES: ReadonlyMap<string, RuleClass> = new Map([
  row('not-suspicious', 'Not Suspicious Traffic', 3),
  row('unknown', 'Unknown Traffic', 3),
  row('bad-unknown', 'Potentially Bad Traffic', 2),
  row('attempted-recon', 'Attempted Information Leak', 2),
  row('successful-recon-limited', 'Information Leak', 2),
  row('successful-recon-largescale', 'Large Scale Information Leak', 2),
  row('attempted-dos', 'Attempted Denial of Service', 2),
  row('successful-dos', 'Denial of Service', 2),
  row('attempted-user', 'Attempted User Privilege Gain', 1),
  row('unsuccessful-user', 'Unsuccessful User Privilege Gain', 1),
  row('successful-user', 'Successful User Privilege Gain', 1),
  row('attempted-admin', 'Attempted Administrator Privilege Gain', 1),
  row('successful-admin', 'Successful Administrator Privilege Gain', 1),
  row('rpc-portmap-decode', 'Decode of an RPC Query', 2),
  row('shellcode-detect', 'Executable code was detected', 1),
  row('string-detect', 'A suspicious string was detected', 3),
  row('suspicious-filename-detect', 'A suspicious filename was detected', 2),
  row('suspicious-login', 'An attempted login using a suspicious username was detected', 2),
  row('system-call-detect', 'A system call was detected', 2),
  row('tcp-connection', 'A TCP connection was detected', 4),
  row('trojan-activity', 'A Network Trojan was detected', 1),
  row('unusual-client-port-connection', 'A client was using an unusual port', 2),
  row('network-scan', 'Detection of a Network Scan', 3),
  row('denial-of-service', 'Detection of a Denial of Service Attack', 2),
  row('non-standard-protocol', 'Detection of a non-standard protocol or event', 2),
  row('protocol-command-decode', 'Generic Protocol Command Decode', 3),
  row('web-application-activity', 'access to a potentially vulnerable web application', 2),
  row('web-application-attack', 'Web Application Attack', 1),
  row('misc-activity', 'Misc activity', 3),
  row('misc-attack', 'Misc Attack', 2),
  row('icmp-event', 'Generic ICMP event', 3),
  row('inappropriate-content', 'Inappropriate Content was Detected', 1),
  row('policy-violation', 'Potential Corporate Privacy Violation', 1),
  row('default-login-attempt', 'Attempt to login by a default username and password', 2),
  row('targeted-activity', 'Targeted Malicious Activity was Detected', 1),
  row('exploit-kit', 'Exploit Kit Activity Detected', 1),
  row('external-ip-check', 'Device Retrieving External IP Address Detected', 2),
  row('domain-c2', 'Domain Observed Used for C2 Detected', 1),
  row('pup-activity', 'Possibly Unwanted Program Detected', 2),
  row('credential-theft', 'Successful Credential Theft Detected', 1),
  row('social-engineering', 'Possible Social Engineering Attempted', 2),
  row('coin-mining', 'Crypto Currency Mining Activity Detected', 2),
  row('command-and-control', 'Malware Command and Control Activity Detected', 1),
]);

/** A classification.config: `config classification: name,description,priority`, one a line. */
export function readClasses(text: string): Map<string, RuleClass> {
  const classes = new Map<string, RuleClass>();
  for (const line of text.split('\n')) {
    const match = /^\s*config\s+classification\s*:\s*([a-zA-Z][a-zA-Z0-9_-]*)\s*,\s*(.+?)\s*,\s*(\d+)\s*$/.exec(line);
    if (match === null) continue;
    const [, name, description, priority] = match;
    // The first of a name holds.
    if (!classes.has(name!.toLowerCase()))
      classes.set(name!.toLowerCase(), { description: description!, priority: Number(priority) });
  }
  return classes;
}
