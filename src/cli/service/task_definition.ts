/**
 * The definition of a task of Windows' Task Scheduler. Made by the flags of `schtasks`, a task ends
 * after 72 hours and on batteries, has less of the processor than others, and needs an
 * administrator where it begins at log-on, since that would be anybody's.
 *
 * @param script the path of the script that it runs
 * @param user who runs it, at log-on; `undefined`: the system does, at boot
 */
export function taskDefinition(script: string, user: string | undefined): string {
  const ofUser = user === undefined ? "" : `<UserId>${inXml(user)}</UserId>`;
  return asciiXml([
    '<?xml version="1.0"?>',
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
    "  <Triggers>",
    user === undefined
      ? "    <BootTrigger></BootTrigger>"
      : `    <LogonTrigger>${ofUser}</LogonTrigger>`,
    "  </Triggers>",
    "  <Principals>",
    '    <Principal id="Author">',
    user === undefined
      ? `      <UserId>${systemSid}</UserId>`
      : `      ${ofUser}<LogonType>InteractiveToken</LogonType>`,
    "    </Principal>",
    "  </Principals>",
    "  <Settings>",
    "    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>",
    "    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>",
    "    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>",
    `    <Priority>${normalPriority}</Priority>`,
    "  </Settings>",
    '  <Actions Context="Author">',
    "    <Exec>",
    "      <Command>%SystemRoot%\\System32\\cmd.exe</Command>",
    // Without the user's own start-up commands; of the quotes cmd takes away the outer ones.
    `      <Arguments>/d /c ""${inXml(script)}""</Arguments>`,
    "    </Exec>",
    "  </Actions>",
    "</Task>",
    "",
  ].join("\r\n"));
}

/** The system's own user, under whatever name its language has for it. */
const systemSid = "S-1-5-18";

/** The highest of those that give a process the usual share. */
const normalPriority = 4;

function inXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The same in ASCII, so that no reader can take its bytes for other letters. */
function asciiXml(text: string): string {
  return text.replaceAll(/[^\0-\x7f]/gu, (sign) => `&#${sign.codePointAt(0)};`);
}
