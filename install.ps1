# Installs netdiag for the user who runs this, below %LOCALAPPDATA%\netdiag.
# Never needs an administrator.
#
#   irm https://github.com/netdiag/netdiag/releases/latest/download/install.ps1 | iex
#
# $env:NETDIAG_VERSION = '0.1.0'   another version than the newest
# $env:NETDIAG_PREFIX = 'DIR'      another place than %LOCALAPPDATA%\netdiag
# $env:NETDIAG_BASE_URL = 'URL'    another place to download from than the releases on GitHub

# Everything is in a function, so that nothing runs of a script that was cut off.
function Install-Netdiag {
  Set-StrictMode -Version 3
  $ErrorActionPreference = 'Stop'
  $ProgressPreference = 'SilentlyContinue' # the bar makes downloads slow in PowerShell 5.1
  [Net.ServicePointManager]::SecurityProtocol =
    [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

  $prefix = if ($env:NETDIAG_PREFIX) { $env:NETDIAG_PREFIX } else { Join-Path $env:LOCALAPPDATA 'netdiag' }
  $base = if ($env:NETDIAG_BASE_URL) { $env:NETDIAG_BASE_URL } else { 'https://github.com/netdiag/netdiag/releases' }
  $base = if ($env:NETDIAG_VERSION) {
    "$base/download/v$($env:NETDIAG_VERSION -replace '^v', '')"
  } else {
    "$base/latest/download"
  }
  # A 32-bit or translated process is told of its own processor, and of the real one by the second variable.
  $processor = if ($env:PROCESSOR_ARCHITEW6432) { $env:PROCESSOR_ARCHITEW6432 } else { $env:PROCESSOR_ARCHITECTURE }
  $arch = switch ($processor) {
    'AMD64' { 'x86_64' }
    'ARM64' { 'aarch64' }
    default { throw "install.ps1: There is no binary for $processor processors" }
  }

  $work = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
  [void](New-Item -ItemType Directory -Path $work)
  try {
    $sums = Join-Path $work 'SHA256SUMS'
    Invoke-WebRequest -UseBasicParsing -Uri "$base/SHA256SUMS" -OutFile $sums
    $line = Get-Content $sums |
      Where-Object { $_ -cmatch "^[0-9a-f]{64}  netdiag-[0-9A-Za-z.+-]+-windows-$arch\.zip$" } |
      Select-Object -First 1
    if (-not $line) { throw "install.ps1: SHA256SUMS names no archive for windows-$arch" }
    $expected, $name = $line -split '  ', 2
    $archive = Join-Path $work $name
    Invoke-WebRequest -UseBasicParsing -Uri "$base/$name" -OutFile $archive
    $actual = (Get-FileHash -Algorithm SHA256 -LiteralPath $archive).Hash.ToLowerInvariant()
    if ($actual -cne $expected) {
      throw "install.ps1: $name is not what SHA256SUMS says: its checksum is $actual. Nothing was installed"
    }

    Expand-Archive -LiteralPath $archive -DestinationPath $work
    $from = Join-Path $work ($name -replace '\.zip$', '')
    $bin = Join-Path $prefix 'bin'
    [void](New-Item -ItemType Directory -Force -Path $bin)
    $program = Join-Path $bin 'netdiag.exe'
    if (Test-Path -LiteralPath $program) {
      # A program that runs cannot be overwritten, but renamed.
      Remove-Item -Force -ErrorAction SilentlyContinue -LiteralPath "$program.old"
      Move-Item -Force -LiteralPath $program -Destination "$program.old"
    }
    Copy-Item -LiteralPath (Join-Path $from 'netdiag.exe') -Destination $program
    Copy-Item -Force -LiteralPath (Join-Path $from 'completions/netdiag.ps1') -Destination $prefix

    $path = [Environment]::GetEnvironmentVariable('Path', 'User')
    if (($path -split ';') -notcontains $bin) {
      [Environment]::SetEnvironmentVariable('Path', "$bin;$path", 'User')
      $env:Path = "$bin;$env:Path"
    }
    "Installed $(& $program --version) as $program"
    "For completions, add to `$PROFILE: . '$(Join-Path $prefix 'netdiag.ps1')'"
  } finally {
    Remove-Item -Recurse -Force -LiteralPath $work
  }
}

Install-Netdiag
