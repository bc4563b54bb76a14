/**
 * What to do about a port that cannot be reached.
 *
 * @param isSilent nothing has come back, not even a refusal: as if a firewall dropped it
 */
export function portHint(isSilent: boolean, port: number): string {
  if (!isSilent) return "nothing listens there: start it, or see what its log says";
  return `is the machine up? Else a firewall is in between; let TCP ${port} in there ` +
    `(Linux: sudo ufw allow ${port}/tcp, or firewall-cmd --add-port=${port}/tcp; Windows: ` +
    `netsh advfirewall firewall add rule name=rpc dir=in action=allow protocol=TCP ` +
    `localport=${port})`;
}
