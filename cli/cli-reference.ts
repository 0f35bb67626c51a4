/** docs/reference/cli.md, made from the commands' own help. A test compares the file with a fresh generation. */
import type { Command } from 'commander';
import { EXIT } from './exit-codes.ts';
import { buildProgram } from './program.ts';

const WIDTH = 100;

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trim();
}

function leaves(command: Command, path: string): { readonly path: string; readonly command: Command }[] {
  if (command.commands.length === 0) return [{ path, command }];
  return command.commands.flatMap((child) => leaves(child, `${path} ${child.name()}`));
}

export function cliReference(): string {
  const program = buildProgram({ exitCode: 0 });
  const sections = leaves(program, 'msec').map(
    ({ path, command }) => `## ${path}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``,
  );
  const codes = Object.values(EXIT).map(({ code, says }) => `| ${code} | ${says} |`);
  return `# Command line: msec

Made from the commands' own help by \`bin/node24 cli/write-reference.ts\`; do not edit. In a clone: \`npx msec\`.

Results go to standard output, everything else to standard error. \`--json\` prints one JSON value a line; errors are
then JSON, too: \`{"error": {"code", "message", "field", "byteOffset"}}\`, where the codes are those of
[errors.md](errors.md); a mistake in the command line itself has a message alone. Colour is used on terminals only; \`NO_COLOR\` turns it off. Settings that have no flag stand in
\`msec.yaml\`: [config.md](config.md).

| exit code | meaning |
|---|---|
${codes.join('\n')}

${sections.join('\n\n')}
`;
}
