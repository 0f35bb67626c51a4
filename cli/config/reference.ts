/** docs/reference/config.md, made from the table of settings. A test compares the file with a fresh generation. */
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { DURATION_UNITS, SIZE_UNITS } from './units.ts';

export function configReference(): string {
  const rows = (Object.entries(SETTINGS) as [string, Setting][]).map(
    ([name, setting]) => `| \`${name}\` | ${kindText(setting)} | ${defaultText(setting)} | ${setting.doc} |`,
  );
  return `# Configuration: msec.yaml

Made from \`cli/config/settings.ts\` by \`bin/node24 cli/write-reference.ts\`; do not edit.

\`msec\` reads \`msec.yaml\` in the current folder, or the file that \`--config\` names. Every setting may be left out.
A flag of the command line comes before the file, the file before the default. A mistake is an error with its line and
column, and nothing is started. \`a.b\` means \`b\` in the section \`a\`:

\`\`\`yaml
console:
  port: 8090
fleet:
  devices: 50
windows:
  grace: 30s
\`\`\`

Durations carry a unit (${DURATION_UNITS.join(', ')}), sizes too (${SIZE_UNITS.join(', ')}). Paths are relative to the file's folder.
Secrets never stand in this file: they come from the environment (\`MSEC_ADMIN_TOKEN\`, \`MSEC_KAFKA_PASSWORD\`) or from a file that a setting names.

| setting | values | default | what it does |
|---|---|---|---|
${rows.join('\n')}
`;
}

function kindText(setting: Setting): string {
  switch (setting.kind) {
    case 'integer':
    case 'number':
      return `${setting.kind === 'integer' ? 'whole number' : 'number'}, ${setting.min} to ${setting.max}`;
    case 'duration':
    case 'size':
      return `${setting.kind}, ${setting.min} to ${setting.max}`;
    case 'port':
      return 'port, 0 to 65535';
    case 'choice':
      return setting.choices.map((choice) => `\`${choice}\``).join(', ');
    case 'cidrs':
      return 'list of networks (CIDR)';
    case 'paths':
      return 'list of paths';
    case 'addresses':
      return 'list of host:port';
    case 'names':
      return 'list of names';
    case 'boolean':
      return '`true`, `false`';
    case 'receiver':
      return 'receiver of syslog';
    case 'host':
    case 'name':
    case 'text':
    case 'path':
      return setting.kind;
  }
}

function defaultText(setting: Setting): string {
  if (setting.default === null) return 'unset';
  return Array.isArray(setting.default) ? '`[]`' : `\`${setting.default}\``;
}
