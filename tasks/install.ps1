# Installs rpc for Windows on x86-64, out of the archive that lies beside this script, or that it downloads
# from the release that it belongs to:
#
#     powershell -ExecutionPolicy Bypass -File install.ps1 [directory]
#
# Without a directory: %LOCALAPPDATA%\Programs\rpc, which needs no administrator, and is added to the user's
# path. Nothing is installed whose sum is not the one in SHA256SUMS. Windows PowerShell 5.1 is enough.
param([string]$Directory = "")

# In a scope of its own: where the console itself runs this text, nothing of it may stay there.
& {
  $ErrorActionPreference = "Stop"
  $ProgressPreference = "SilentlyContinue"
  # The release's own address is written in here when it is made.
  $Release = if ($env:RPC_RELEASE_URL) { $env:RPC_RELEASE_URL } else { "@RELEASE_URL@" }
  $Archive = "rpc-x86_64-windows.zip"

  $Default = $Directory -eq ""
  if ($Default) { $Directory = Join-Path $env:LOCALAPPDATA "Programs\rpc" }
  $Temporary = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString())
  try {
    if (-not [Environment]::Is64BitOperatingSystem) { throw "this system is not of 64 bits" }
    New-Item -ItemType Directory $Temporary | Out-Null
    foreach ($Name in "SHA256SUMS", $Archive) {
      $Target = Join-Path $Temporary $Name
      $Beside = if ($PSScriptRoot) { Join-Path $PSScriptRoot $Name } else { "" }
      if ($Beside -and (Test-Path -LiteralPath $Beside)) {
        Copy-Item -LiteralPath $Beside -Destination $Target
      } elseif ($Release -match "^https?://") {
        [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
        try {
          Invoke-WebRequest -UseBasicParsing "$Release/$Name" -OutFile $Target
        } catch {
          throw "$Release/$Name cannot be downloaded: $_"
        }
      } else {
        throw "$Name is not there. Download it, and $Archive, beside this script"
      }
    }
    $Packed = Join-Path $Temporary $Archive
    $Line = Get-Content -LiteralPath (Join-Path $Temporary "SHA256SUMS") |
      Where-Object { $_ -match "^[0-9a-f]{64}  $([regex]::Escape($Archive))$" } |
      Select-Object -First 1
    $Found = (Get-FileHash -Algorithm SHA256 -LiteralPath $Packed).Hash.ToLowerInvariant()
    if (-not $Line -or $Line.Substring(0, 64) -ne $Found) {
      throw "$Archive is not what SHA256SUMS says: download both again"
    }
    Expand-Archive -LiteralPath $Packed -DestinationPath $Temporary
    New-Item -ItemType Directory -Force $Directory | Out-Null
    $Program = Join-Path $Directory "rpc.exe"
    # A program that runs cannot be overwritten, but it can be renamed. One that was renamed before
    # may run still, so each gets a name of its own.
    $Old = "$Program.$([Guid]::NewGuid()).old"
    if (Test-Path -LiteralPath $Program) { Move-Item -LiteralPath $Program -Destination $Old }
    try {
      Move-Item -LiteralPath (Join-Path $Temporary "rpc.exe") -Destination $Program
    } catch {
      if (Test-Path -LiteralPath $Old) { Move-Item -LiteralPath $Old -Destination $Program }
      throw
    }
    Get-ChildItem -LiteralPath $Directory -Filter "rpc.exe.*.old" |
      Remove-Item -Force -ErrorAction SilentlyContinue

    if ($Default) {
      # By the registry, since .NET would write the values of variables in place of their names.
      $Key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey("Environment")
      $AsItIs = [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames
      $Folders = @("$($Key.GetValue("Path", "", $AsItIs))" -split ";" | Where-Object { $_ })
      if ($Folders -notcontains $Directory) {
        $Path = ($Folders + $Directory) -join ";"
        $Key.SetValue("Path", $Path, [Microsoft.Win32.RegistryValueKind]::ExpandString)
        # Removes a variable that is not there, which tells the system that there is a change.
        [Environment]::SetEnvironmentVariable("RPC_INSTALL", $null, "User")
        Write-Output "Added $Directory to your path: it counts in consoles that are opened from now on"
      }
      $Key.Close()
    }
    Write-Output "Installed $Program"
  } catch {
    # Exit code 1 of a process, however it runs this. To exit would end the console, or the script
    # that runs this text by Invoke-Expression.
    throw "Cannot install rpc: $_"
  } finally {
    Remove-Item -Recurse -Force -LiteralPath $Temporary -ErrorAction SilentlyContinue
  }
}
