/** syslog: records of a topic as messages of RFC 5424, to a receiver of the operator's. */
export { FACILITIES, type Facility, SEVERITY, type SyslogMessage, syslogBytes } from './syslog-message.ts';
export { SyslogSink, type SyslogSinkOptions, type SyslogSource } from './syslog-sink.ts';
export { parseSyslogAddress, type SyslogAddress } from './syslog-transport.ts';
