// SPDX-License-Identifier: MIT
import { Argument, type Command } from 'commander';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Possible completions after a command's name. */
interface Words {
  readonly command: string;
  readonly summary: string;
  readonly options: readonly { readonly flag: string; readonly summary: string; readonly takesValue: boolean }[];
  /** Fixed values of its arguments; files if there are none. */
  readonly values: readonly string[];
}

/** `folioscope completion SHELL`: a script that the shell loads. */
export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .description('Prints a script that lets the shell complete commands, options and files.')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  folioscope completion bash > ~/.local/share/bash-completion/completions/folioscope
  folioscope completion zsh > ~/.zfunc/_folioscope
  folioscope completion fish > ~/.config/fish/completions/folioscope.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(script(shell, program));
    });
}

function script(shell: Shell, program: Command): string {
  const words = program.commands.map(wordsOf);
  switch (shell) {
    case 'bash':
      return bash(program.name(), words);
    case 'zsh':
      return zsh(program.name(), words);
    case 'fish':
      return fish(program.name(), words);
  }
}

const wordsOf = (command: Command): Words => ({
  command: command.name(),
  summary: command.summary(),
  options: [
    ...command.options.map(({ long, description, required }) => ({
      flag: long ?? '',
      summary: description,
      takesValue: required,
    })),
    { flag: '--help', summary: 'display help for command', takesValue: false },
  ],
  values: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
});

/** A text in single quotes of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const bash = (name: string, words: readonly Words[]): string => `# bash completion of ${name}
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} options= values=
  if [ "$COMP_CWORD" -eq 1 ]; then
    values=${quoted([...words.map(({ command }) => command), '--help', '--version'].join(' '))}
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
    return
  fi
  case \${COMP_WORDS[1]} in
${words
  .map(
    ({ command, options, values }) =>
      `    ${command}) options=${quoted(options.map(({ flag }) => flag).join(' '))} values=${quoted(values.join(' '))} ;;`,
  )
  .join('\n')}
  esac
  case $current in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current") ;;
    *) [ -z "$values" ] || mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current") ;;
  esac
}
complete -o default -F _${name} ${name}
`;

/** A text within a zsh _arguments or _describe specification. */
const zshText = (text: string): string => text.replaceAll(/[\\:[\]]/g, String.raw`\$&`);

const zsh = (name: string, words: readonly Words[]): string => `#compdef ${name}
_${name}() {
  local -a commands=(
${words.map(({ command, summary }) => `    ${quoted(`${command}:${zshText(summary)}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${words
  .map(({ command, options, values }) => {
    const specs = options.map(({ flag, summary, takesValue }) =>
      quoted(`${flag}${takesValue ? '=' : ''}[${zshText(summary)}]${takesValue ? ':value:' : ''}`),
    );
    const rest = quoted(values.length === 0 ? '*:file:_files' : `*:value:(${values.join(' ')})`);
    return `    ${command}) _arguments ${[...specs, rest].join(' ')} ;;`;
  })
  .join('\n')}
  esac
}
compdef _${name} ${name}
`;

const fish = (name: string, words: readonly Words[]): string => `# fish completion of ${name}
${words
  .flatMap(({ command, summary, options, values }) => [
    `complete -c ${name} -n __fish_use_subcommand -a ${command} -f -d ${quoted(summary)}`,
    ...options.map(
      ({ flag, summary: what, takesValue }) =>
        `complete -c ${name} -n '__fish_seen_subcommand_from ${command}' -l ${flag.slice(2)}${takesValue ? ' -r' : ''} -d ${quoted(what)}`,
    ),
    ...(values.length === 0
      ? []
      : [`complete -c ${name} -n '__fish_seen_subcommand_from ${command}' -f -a ${quoted(values.join(' '))}`]),
  ])
  .join('\n')}
`;
