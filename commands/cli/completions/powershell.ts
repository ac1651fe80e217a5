import type { Completed, Place } from "./model.ts";

/** For PowerShell 5.1 and later. Names are compared by case: -w is not -W. */
export function powershellScript(all: readonly Place[]): string {
  return `# Completion of netdiag for PowerShell; "netdiag completions powershell" prints it.

Register-ArgumentCompleter -Native -CommandName 'netdiag', 'netdiag.exe' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)

  $words = @(
${wordRows(all).join("\n")}
  )
  $options = @(
${optionRows(all).join("\n")}
  )

  # Where in the command line is this?
  $at = ''
  $option = $null
  foreach ($element in @($commandAst.CommandElements | Select-Object -Skip 1)) {
    if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete -ne '') { break }
    $text = $element.Extent.Text
    if ($null -ne $option) { $option = $null; continue }
    $step = $words | Where-Object { $_.At -ceq $at -and $_.Word -ceq $text } | Select-Object -First 1
    if ($null -ne $step -and $null -ne $step.To) { $at = $step.To; continue }
    $option = $options |
      Where-Object { $_.At -ceq $at -and $_.Names -ccontains $text -and $_.TakesValue } |
      Select-Object -First 1
  }

  $found = if ($null -ne $option) {
    $option.Values | ForEach-Object { [pscustomobject]@{ Text = $_; Help = $_ } }
  } elseif ($wordToComplete -like '-*') {
    $options | Where-Object { $_.At -ceq $at } | ForEach-Object {
      $help = $_.Help
      $_.Names | ForEach-Object { [pscustomobject]@{ Text = $_; Help = $help } }
    }
  } else {
    $words | Where-Object { $_.At -ceq $at } |
      ForEach-Object { [pscustomobject]@{ Text = $_.Word; Help = $_.Help } }
  }
  $found | Where-Object { $_.Text.StartsWith($wordToComplete, [StringComparison]::Ordinal) } |
    ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_.Text, $_.Text, 'ParameterValue', $_.Help)
    }
}
`;
}

function wordRows(all: readonly Place[]): string[] {
  return all.flatMap(({ name, words, operands }) => [
    ...words.map(({ word, help, to }) =>
      row({ At: name, Word: word, To: to, Help: help })
    ),
    ...listed(operands).map((word) =>
      row({ At: name, Word: word, To: undefined, Help: word })
    ),
  ]);
}

function optionRows(all: readonly Place[]): string[] {
  return all.flatMap(({ name, options }) =>
    options.map(({ names, help, placeholder, values }) =>
      row({
        At: name,
        Names: names,
        TakesValue: placeholder !== undefined,
        Values: listed(values),
        Help: help,
      })
    )
  );
}

/** The shell itself completes files; hosts it does not know. */
function listed(values: Completed): readonly string[] {
  return typeof values === "string" ? [] : values;
}

type Cell = string | boolean | readonly string[] | undefined;

function row(cells: Readonly<Record<string, Cell>>): string {
  const text = Object.entries(cells)
    .map(([name, value]) => `${name} = ${literal(value)}`).join("; ");
  return `    [pscustomobject]@{ ${text} }`;
}

function literal(value: Cell): string {
  if (value === undefined) return "$null";
  if (typeof value === "boolean") return `$${value}`;
  if (typeof value !== "string") return `@(${value.map(literal).join(", ")})`;
  return `'${value.replaceAll("'", "''")}'`;
}
