/**
 * The completion scripts of the shells. All of them run `rpc complete`, so that they always match
 * the program. They only differ in how a shell splits a line into words and takes candidates.
 *
 * They run the program by the path that was typed, and print nothing if it does not exist.
 */

import type { shells } from "./flags.ts";

/** One of the shells. */
type Shell = typeof shells[number];

// Candidates are quoted unless the shell does that itself (zsh and fish do), since they may come
// from servers, and could otherwise contain commands.
//
// Bash also splits words at : and =, which occur in registries' addresses, and replaces only the
// part after them. So the parts are joined again, and the candidate's beginning is cut off. Bash
// 3.2 of macOS is enough; it lacks compopt, and then adds a space.
const bash = `# Completions of rpc for bash. For this shell: source <(rpc completions bash)
_rpc() {
  local IFS=$' \\t\\n' line=\${COMP_LINE:0:COMP_POINT} words=() count=0 i rest word program head value
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=\${line#"\${line%%[![:space:]]*}"}
    word=\${COMP_WORDS[i]}
    if ((i == COMP_CWORD)); then word=$rest; fi
    if ((count == 0)) || [[ $rest != "$line" ]]; then
      words[count]=$word
      ((count++))
    else
      words[count - 1]+=$word
    fi
    line=\${rest#"$word"}
  done
  local current=\${words[count - 1]}
  if [[ $word != *[!:=]* ]]; then word=; fi
  head=\${current%"$word"}
  program=\${words[0]/#\\~\\//$HOME/}
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    if [[ $value == :files ]]; then
      compopt -o default 2>/dev/null || while IFS= read -r value; do
        COMPREPLY+=("$(printf '%q' "$value")")
      done < <(compgen -f -- "$word")
    else
      value=\${value#"$head"}
      if [[ $value == *[!a-zA-Z0-9_.:/=@%+,-]* ]]; then printf -v value '%q' "$value"; fi
      COMPREPLY+=("$value")
    fi
  done < <("$program" complete --current="$current" -- "\${words[@]:1:count-2}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[:/=] ]]; then
    compopt -o nospace 2>/dev/null
  fi
}
complete -F _rpc rpc
`;

const zsh = `#compdef rpc
# Completions of rpc for zsh. For this shell: source <(rpc completions zsh)
_rpc() {
  local line value about
  local -a open openShown closed closedShown
  while IFS=$'\\t' read -r value about; do
    if [[ $value == :files ]]; then
      [[ $PREFIX != -*=* ]] || compset -P '*='
      _files
      continue
    fi
    [[ -z $about ]] || about="  $about"
    if [[ $value == *[:/=] ]]; then
      open+=("$value")
      openShown+=("$value$about")
    else
      closed+=("$value")
      closedShown+=("$value$about")
    fi
  done < <("\${(Q)words[1]/#\\~\\//$HOME/}" complete --current="\${(Q)PREFIX}" -- "\${(@Q)words[2,CURRENT-1]}" 2>/dev/null)
  (( $#closed )) && compadd -l -d closedShown -a closed
  (( $#open )) && compadd -l -S '' -d openShown -a open
  (( $#closed + $#open ))
}
if [[ $funcstack[1] == _rpc ]]; then
  _rpc "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _rpc rpc
fi
`;

const fish = `# Completions of rpc for fish. For this shell: rpc completions fish | source
function __rpc_complete
    set --local words (commandline --tokenize --cut-at-cursor --current-process)
    set --local current (commandline --cut-at-cursor --current-token)
    set --local program (string replace --regex '^~/' "$HOME/" -- $words[1])
    set --erase words[1]
    for line in ($program complete --current="$current" -- $words 2>/dev/null)
        if test "$line" = ":files"
            set --local flag (string match --regex -- '^-[^=]*=' "$current")
            set --local path (string replace --regex -- '^-[^=]*=' '' "$current")
            for found in (__fish_complete_path "$path")
                printf '%s%s\\n' "$flag" "$found"
            end
        else
            printf '%s\\n' $line
        end
    end
end
complete --command rpc --no-files --keep-order --arguments '(__rpc_complete)'
`;

// PowerShell before 7.3 drops empty arguments of a program, so the word at the cursor is passed as
// part of a flag.
const powershell = `# Completions of rpc for PowerShell. For this shell:
#   rpc completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'rpc', 'rpc.exe' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $texts = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
    ForEach-Object { if ($null -ne $_.Value) { "$($_.Value)" } else { $_.Extent.Text } })
  $program = $commandAst.GetCommandName()
  $before = @($texts | Select-Object -Skip 1)
  & $program complete "--current=$wordToComplete" '--' @before 2>$null | ForEach-Object {
    if ($_ -eq ':files') { return }
    $value, $about = $_ -split "\`t", 2
    if (-not $value) { return }
    if (-not $about) { $about = $value }
    $text = $value
    if ($text -notmatch '^[\\w.:/=+][\\w.:/=+-]*$' -and $text -notmatch '^--?[\\w-]+(=[\\w.:/+-]*)?$') {
      $text = "'" + [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($text) + "'"
    }
    [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $about)
  }
}
`;

/** The script for a shell, to be read by it when it starts. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish, powershell };
