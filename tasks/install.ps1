# Installs rpc for Windows on x86-64, out of the archive that lies beside this script, or that it downloads
# from the release that it belongs to:
#
#     powershell -ExecutionPolicy Bypass -File install.ps1 [directory]
#
# Without a directory: %LOCALAPPDATA%\Programs\rpc, which needs no administrator, and is added to the user's
# path. Nothing is installed whose sum is not the one in SHA256SUMS. Windows PowerShell 5.1 is enough.
param([string]$Directory = "")

$ErrorActionPreference = "Stop"
$ProgressPreference = "SilentlyContinue"
# The release's own address is written in here when it is made.
$Release = if ($env:RPC_RELEASE_URL) { $env:RPC_RELEASE_URL } else { "@RELEASE_URL@" }
$Archive = "rpc-x86_64-windows.zip"

function Stop-Install([string]$Reason) {
  [Console]::Error.WriteLine("Cannot install rpc: $Reason")
  exit 1
}

if (-not [Environment]::Is64BitOperatingSystem) { Stop-Install "this system is not of 64 bits" }

$Default = $Directory -eq ""
if ($Default) { $Directory = Join-Path $env:LOCALAPPDATA "Programs\rpc" }
$Temporary = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString())
New-Item -ItemType Directory $Temporary | Out-Null
try {
  foreach ($Name in "SHA256SUMS", $Archive) {
    $Target = Join-Path $Temporary $Name
    $Beside = if ($PSScriptRoot) { Join-Path $PSScriptRoot $Name } else { "" }
    if ($Beside -and (Test-Path $Beside)) {
      Copy-Item $Beside $Target
    } elseif ($Release -match "^https?://") {
      [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
      try {
        Invoke-WebRequest -UseBasicParsing "$Release/$Name" -OutFile $Target
      } catch {
        Stop-Install "$Release/$Name cannot be downloaded: $_"
      }
    } else {
      Stop-Install "$Name is not there. Download it, and $Archive, beside this script"
    }
  }
  $Line = Get-Content (Join-Path $Temporary "SHA256SUMS") |
    Where-Object { $_ -match "^[0-9a-f]{64}  $([regex]::Escape($Archive))$" }
  $Found = (Get-FileHash -Algorithm SHA256 (Join-Path $Temporary $Archive)).Hash.ToLowerInvariant()
  if (-not $Line -or $Line.Substring(0, 64) -ne $Found) {
    Stop-Install "$Archive is not what SHA256SUMS says: download both again"
  }
  Expand-Archive (Join-Path $Temporary $Archive) $Temporary
  New-Item -ItemType Directory -Force $Directory | Out-Null
  $Program = Join-Path $Directory "rpc.exe"
  # A program that runs cannot be overwritten, but it can be renamed.
  if (Test-Path $Program) {
    Remove-Item "$Program.old" -Force -ErrorAction SilentlyContinue
    Move-Item -Force $Program "$Program.old"
  }
  Move-Item (Join-Path $Temporary "rpc.exe") $Program
  Remove-Item "$Program.old" -Force -ErrorAction SilentlyContinue
} catch {
  Stop-Install "$_"
} finally {
  Remove-Item -Recurse -Force $Temporary -ErrorAction SilentlyContinue
}

if ($Default) {
  $Path = [Environment]::GetEnvironmentVariable("Path", "User")
  if (($Path -split ";") -notcontains $Directory) {
    [Environment]::SetEnvironmentVariable("Path", (@($Path, $Directory) -ne "" -join ";"), "User")
    Write-Output "Added $Directory to your path: it counts in consoles that are opened from now on"
  }
}
Write-Output "Installed $Program"
